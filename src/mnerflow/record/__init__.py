"""Typed records: what a run writes about itself in ``run.yaml``, and an asked context beside its texts."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from mnerflow.data.config import Fit, TokenizerName
from mnerflow.data.post import Post
from mnerflow.errors import UserError
from mnerflow.files.checksums import content_state, folder_state
from mnerflow.files.writing import write_text
from mnerflow.yaml_file import read_yaml, yaml_text

RECORD = "run.yaml"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True)


class Code(_Part):
    """The code that a run was made with.

    Attributes:
        commit: commit of the checkout; ``None`` if there is none.
        dirty: whether files differed from that commit.
        modules: fingerprints of what the run's code computes, by the module that each starts from; empty for
            runs made before fingerprints existed.
    """

    commit: str | None = None
    dirty: bool = False
    modules: dict[str, str] = {}

    def same_as(self, other: "Code") -> bool:
        """Whether the modules that both used computed the same.

        If one of them has no fingerprints, both must be of the same commit and unchanged.
        """
        if self.modules and other.modules:
            shared = self.modules.keys() & other.modules.keys()
            return all(self.modules[name] == other.modules[name] for name in shared)
        return self.commit is not None and self.commit == other.commit and not (self.dirty or other.dirty)


class Hardware(_Part):
    """The machine that a run was made on."""

    machine: str
    processor: str
    cores: int
    gpu: str | None = None

    @property
    def device(self) -> str:
        """The kind of device that computed: ``GPU`` or ``processor``."""
        return "GPU" if self.gpu else "processor"


class ImagesRead(_Part):
    """How images are made square (see ``data.config.Fit``), and what becomes of unusable ones."""

    fit: Fit
    broken: str


class _RunNames(_Part):
    dataset: str
    filter: str
    text: str
    image: str
    fusion: str
    variant: str
    seed: int


class Origin(_Part):
    """What every result records: its settings, code, versions and data.

    Attributes:
        config: the settings as plain values.
        data_sha256: checksums of the files that it read.
        finished: time at which it ended, in ISO 8601.
        seconds: wall-clock time of the whole.
    """

    KIND: ClassVar[str] = "result"
    REMEDY: ClassVar[str] = "Make it again."
    OLDER: ClassVar[str] = ""  # how to update a record of an earlier version

    config: dict[str, Any]
    code: Code
    versions: dict[str, str]
    data_sha256: dict[str, str]
    finished: str
    seconds: float

    @classmethod
    def read(cls, path: Path, remedy: str = "") -> Self:
        """Read a record that ``write`` wrote.

        Raises ``UserError`` with the file and a remedy, that of the class if none is given, if the file is
        missing or is no such record, and with the value that is missing or of the wrong type.
        """
        remedy = remedy or cls.REMEDY
        content = read_yaml(path, f"record of {cls.KIND}", remedy)
        try:
            return cls.model_validate(content)
        except ValidationError as error:
            wrong = error.errors()[0]
            place = ".".join(map(str, wrong["loc"])) or "the whole"
            if wrong["type"] == "missing":
                remedy = f"{cls.OLDER}{remedy}"
            raise UserError(f"{path}: no record of {cls.KIND} ({place}: {wrong['msg']}). {remedy}") from error

    def write(self, path: Path) -> None:
        """Write the record as YAML, atomically, with its fields in order."""
        write_text(path, yaml_text(self.model_dump()))


class Record(Origin, _RunNames):
    """What every run records: its names and its origin."""

    KIND = "a run"
    REMEDY = "Train the run again."
    OLDER = "If an earlier version wrote it, `mnerflow migrate` brings it up to date. "


class Unread(_Part):
    """What a text encoder could not read of a split, or could not read at once.

    Attributes:
        posts: number of posts in the split.
        tokens: number of tokens in these posts that no filter hid.
        unknown: number of tokens with a subword (for the BiLSTM, a character) that the encoder does not know.
        windowed: number of posts that are longer than the encoder reads at once.
    """

    posts: int
    tokens: int
    unknown: int
    windowed: int


class TrainingRecord(Record):
    """What a trained run records in addition.

    Attributes:
        sources: source of the pretrained weights of its encoders, by name.
        images: how images were read; ``None`` for a run that sees none.
        tokenizer: how raw text is tokenized for it, see ``data.tokenizers``.
        precision: precision of its computation, ``bfloat16`` or ``float32``.
        weights_sha256: checksums of the files of pretrained weights.
        weights_from: source, revision and commit of the pretrained weights, by their folder.
        posts_left_out: ids of training posts that could not be learnt from.
        entities_lost: number of gold entities that the decoder cannot represent, such as spans too long for
            it, by split.
        contexts_cut: number of posts whose context is longer than the run reads, by split and context.
        unread: what the text encoder could not read, by split; empty for older runs.
        parameters_trained: number of weights that were trained.
        epochs_run: number of epochs that were trained.
        best_epoch: epoch whose weights were kept.
        peak_memory_mib: peak memory of the process, in MiB.
        energy_wh: energy by device, in watt hours; ``None`` if no device counts it.
    """

    sources: dict[str, str]
    images: ImagesRead | None = None
    tokenizer: TokenizerName = "words"
    hardware: Hardware
    precision: str
    weights_sha256: dict[str, str] = {}
    weights_from: dict[str, Any] = {}
    training_posts: int
    posts_left_out: list[str] = []
    entities_lost: dict[str, int] = {}
    contexts_cut: dict[str, dict[str, int]] = {}
    unread: dict[str, Unread] = {}
    parameters_trained: int
    epochs_run: int
    best_epoch: int
    peak_memory_mib: int
    energy_wh: dict[str, float] | None = None

    def unlike(self, other: Self) -> list[str]:
        """The names among ``code``, ``device`` and ``versions`` in which two runs differ.

        The version of mnerflow does not count, because the code says more.
        """
        versions = (record.versions | {"mnerflow": ""} for record in (self, other))
        differ = {
            "code": not self.code.same_as(other.code),
            "device": self.hardware.device != other.hardware.device,
            "versions": next(versions) != next(versions),
        }
        return [name for name, is_so in differ.items() if is_so]

    @model_validator(mode="after")
    def _says_how_images_were_read(self) -> Self:
        if self.image != "none" and self.images is None:
            raise ValueError("images is missing, but the run saw images")
        return self


class PromptFile(_Part):
    """The prompt file that was used to ask a model."""

    file: str
    sha256: str


class Answered(_Part):
    """Statistics of the answers of a language model.

    Attributes:
        posts: number of posts that it was asked about.
        from_cache: number of answers that came from the cache. Tokens and cost count each request once, even
            if several posts make the same one.
        images_not_shown: images that could not be used, and why.
        cost: cost of all answers when they were given, in US dollars; ``None`` if no price is known.
        cost_now: amount paid for them this time, in US dollars.
    """

    prompt: PromptFile
    posts: int
    from_cache: int
    images_not_shown: dict[str, str]
    input_tokens: int
    output_tokens: int
    cost: float | None
    cost_now: float | None


class ImagesShown(ImagesRead):
    """How a language model was shown images, and which.

    Attributes:
        sha256: checksum of the names and bytes of the images.
        state: state of their folder, as ``checksums.folder_state`` returns it; empty in older records.
    """

    sha256: str
    state: str = ""

    @classmethod
    def of(cls, posts: Iterable[Post], folder: Path, fit: str, broken: str) -> Self:
        """The record for the images of ``posts`` in ``folder``, as they are now."""
        state = folder_state(folder)  # first: whatever changes from here on is then noticed
        names = (name for post in posts for name in post.images)
        return cls(fit=fit, broken=broken, sha256=content_state(folder, names), state=state)


class RivalRecord(Answered, Record):
    """What a rival's run records in addition.

    Attributes:
        images: images that it was shown; ``None`` for a run that sees none. A run of an earlier version lacks
            them, and is left out of the results until it is asked again.
        examples: ids of the training posts that the prompt showed.
        answers: number of answers with each problem.
        entities: number of entities that were placed, and of those with each problem.
    """

    REMEDY = "Delete its folder and ask again."

    images: ImagesShown | None = None
    examples: list[str]
    answers: dict[str, int]
    entities: dict[str, int]


class ContextRecord(Answered, Origin):
    """What an asked context records about itself.

    Attributes:
        dataset: data set whose posts the model was asked about.
        context: entry of ``asked_contexts``.
        images: images that the model was shown; ``None`` if it read none, and in older records.
        service: how the model was reached and paid, which does not affect any text.
        texts: number of posts for which it has a text.
        without: ids of the posts without a text, by reason.
        cut_off: ids of posts whose text ended at the maximum length.
        without_image: ids of posts that the model was asked about without an image, because they have none.
    """

    KIND = "an asked context"
    REMEDY = "Delete it. `snakemake -s contexts.smk` writes it again."

    dataset: str
    context: str
    images: ImagesShown | None = None
    service: dict[str, Any]
    texts: int
    without: dict[str, list[str]]
    cut_off: list[str]
    without_image: list[str]
