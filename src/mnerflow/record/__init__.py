"""What a run says of itself in ``run.yaml``, and an asked context beside its texts: typed records."""

from pathlib import Path
from typing import Any, ClassVar, Self

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from mnerflow.data.config import Fit, TokenizerName
from mnerflow.errors import UserError
from mnerflow.files import write_text
from mnerflow.yaml_file import read_yaml

RECORD = "run.yaml"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True)


class Code(_Part):
    """The code that a run was made with.

    Attributes:
        commit: of the checkout; nothing where there is none.
        dirty: whether files differed from that commit.
        modules: fingerprints of what the run's code computes, by the module that it starts from; nothing
            of runs that were made before there were any.
    """

    commit: str | None = None
    dirty: bool = False
    modules: dict[str, str] = {}

    def same_as(self, other: "Code") -> bool:
        """Whether the modules that both used computed the same.

        Where one did not write its modules' fingerprints down, both must be of one commit and unchanged.
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
        """``GPU`` or ``processor``, whichever computed."""
        return "GPU" if self.gpu else "processor"


class ImagesRead(_Part):
    """How images are made squares, ``data.image.Fit``, and what becomes of those that cannot be used."""

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
    """What any result says: its settings, code, versions and data.

    Attributes:
        config: plain values of what it was asked for.
        data_sha256: checksums of the files that it read.
        finished: when it ended, in ISO 8601.
        seconds: wall-clock time of the whole.
    """

    KIND: ClassVar[str] = "result"
    OLDER: ClassVar[str] = ""  # what brings an earlier version's up to date

    config: dict[str, Any]
    code: Code
    versions: dict[str, str]
    data_sha256: dict[str, str]
    finished: str
    seconds: float

    @classmethod
    def read(cls, path: Path, remedy: str) -> Self:
        """Read what ``write`` wrote.

        Raises ``UserError`` naming the file, and the ``remedy``, when it is missing or is no such record,
        with the value that is missing or of another type.
        """
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
        """Write it as YAML, atomically, in the order of its fields."""
        write_text(path, yaml.safe_dump(self.model_dump(), sort_keys=False, allow_unicode=True))


class Record(Origin, _RunNames):
    """What all runs say: their names, and where they come from."""

    KIND = "a run"
    OLDER = "If an earlier version wrote it, `mnerflow migrate` brings it up to date. "


class Unread(_Part):
    """What a text encoder could not read of a split, or not at once.

    Attributes:
        posts: how many the split has.
        tokens: how many these have.
        unknown: tokens that hold a subword (of the BiLSTM a character) which the encoder does not know.
        windowed: posts that are longer than the encoder reads at once.
    """

    posts: int
    tokens: int
    unknown: int
    windowed: int


class TrainingRecord(Record):
    """What a trained run says besides.

    Attributes:
        sources: where its encoders' pretrained weights came from, by name.
        images: nothing for a run that sees none.
        tokenizer: how raw text is cut for it, ``data.tokenizers``.
        precision: in which it computed, ``bfloat16`` or ``float32``.
        weights_sha256: checksums of the files of pretrained weights.
        weights_from: what their folders say of where they came from, by encoder.
        posts_left_out: ids of training posts that could not be learnt from.
        entities_lost: by split, how many gold entities the decoder cannot say, such as spans too long for it.
        contexts_cut: by split and context, how many posts have one longer than the run reads.
        unread: by split, what its text encoder could not read; nothing of older runs.
        parameters_trained: how many weights were trained.
        peak_memory_mib: the most of the processor's memory.
        energy_wh: watt hours by device; nothing where no device counts them.
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
        """Which of ``code``, ``device`` and ``versions`` two runs had different.

        The version of mnerflow does not count: the code tells more.
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
    """The prompt that a model was asked with."""

    file: str
    sha256: str


class Answered(_Part):
    """What the answers of a language model took.

    Attributes:
        posts: how many were asked about.
        from_cache: how many answers had been given before.
        images_not_shown: images that could not be used, and why.
        cost: what all answers cost when they were given, in US dollars; nothing where no price is known.
        cost_now: what was paid for them this time.
    """

    prompt: PromptFile
    posts: int
    from_cache: int
    images_not_shown: dict[str, str]
    input_tokens: int
    output_tokens: int
    cost: float | None
    cost_now: float | None


class RivalRecord(Answered, Record):
    """What a rival's run says besides.

    Attributes:
        examples: ids of the training posts that the prompt showed.
        answers: how many answers have which problem.
        entities: how many entities were placed, and how many have which problem.
    """

    examples: list[str]
    answers: dict[str, int]
    entities: dict[str, int]


class ContextRecord(Answered, Origin):
    """What an asked context says of itself.

    Attributes:
        dataset: whose posts were asked about.
        context: the entry of ``asked_contexts``.
        service: how the model was reached and paid, which changes no text.
        texts: how many posts have a text by it.
        without: ids of the posts that have none, by reason.
        cut_off: ids of those whose text ended at the longest length.
        without_image: ids of those that were asked about without an image, since they have none.
    """

    KIND = "an asked context"

    dataset: str
    context: str
    service: dict[str, Any]
    texts: int
    without: dict[str, list[str]]
    cut_off: list[str]
    without_image: list[str]
