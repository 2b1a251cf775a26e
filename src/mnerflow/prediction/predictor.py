"""Named entities in raw texts, and in their images, predicted by a trained run."""

import gc
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from mnerflow.compute.device import device as any_device
from mnerflow.conditions import IMAGE
from mnerflow.config import RunConfig
from mnerflow.data.post import Post
from mnerflow.data.tags import OUTSIDE, spans
from mnerflow.data.tokenizers import LANGUAGE
from mnerflow.errors import UserError, printable
from mnerflow.evaluation.predictions import Prediction
from mnerflow.log import logger
from mnerflow.prediction.runs import trained_run
from mnerflow.prediction.texts import ADDRESSES, Cutter, Text, of_record
from mnerflow.record import TrainingRecord
from mnerflow.training.predictor import PostPredictor

if TYPE_CHECKING:
    from mnerflow.prediction.pictures import Pictures

AT_ONCE = 512  # sentences that are read before they are tagged, so that similar lengths form batches
Entity = dict[str, Any]
Given = str | Mapping[str, Any]


@dataclass(frozen=True)
class Tagged:
    """A text with the entities found in it.

    Attributes:
        text: the text.
        tags: tags of its words, sentence by sentence.
        entities: entities in their order, as ``Predictor`` describes them.
        confidence: for each word, the probability that the decoder gives to its tag.
        image_weight: how much of the image each word let in, in 0..1; only for fusions that decide it by
            word.
    """

    text: Text
    tags: list[list[str]]
    entities: list[Entity]
    confidence: list[list[float | None]]
    image_weight: list[list[float | None]] | None = None


class Predictor:
    """Finds named entities in texts, and their images if the run reads images, with a trained run.

    ::

        tagger = Predictor("results/runs/twitter2017/none/minilm+none/text_only/seed1")
        tagger("Ann sings in Rome.")
        # [{"entity_group": "LOC", "score": 0.98, "word": "Rome", "start": 13, "end": 17,
        #   "token_start": 3, "token_end": 4}]

    A text gives a list of entities, and several texts give one such list for each. ``start`` and ``end``
    (exclusive) count characters of the text, and ``word`` is the text between them. ``token_start`` and
    ``token_end`` count the words that the text was cut into. ``score`` is the probability that the decoder
    gives to exactly this entity.

    Args:
        run: folder of the run with its weights, ``results/runs/<…>/seed<k>``, or a folder that it was
            exported to.
        device: name that PyTorch gives to the device, ``cpu`` or ``cuda``; by default the GPU if there is
            one.
        batch_tokens: padded subwords that training computes at once; four times as many are computed here. By
            default, the value that the run was trained with.
        threshold: lowest score of an entity.
        document: whether texts are documents, which are cut into sentences.
        language: language whose rules cut sentences, such as ``cs``.
        allow_urls: whether images that are addresses are fetched.
        graph: path of an ONNX graph within the run's folder that computes instead of PyTorch, such as
            ``onnx/model_int8.onnx``.

    Raises:
        UserError: if the run has no weights, was trained with a filter, or its files are damaged.
    """

    def __init__(
        self,
        run: str | Path,
        *,
        device: str | None = None,
        batch_tokens: int | None = None,
        threshold: float = 0.0,
        document: bool = False,
        language: str = LANGUAGE,
        allow_urls: bool = False,
        graph: str | None = None,
    ) -> None:
        folder = Path(run)
        config, record = trained_run(folder)
        if batch_tokens is not None:
            config = replace(config, training=replace(config.training, batch_tokens=batch_tokens))
        self.folder, self.sources = folder, config.sources
        self.cut = Cutter(record.tokenizer, language, document)
        self._threshold, self._allow_urls = threshold, allow_urls
        file = folder / graph if graph else None
        if file and not file.is_file():
            raise UserError(f"{file}: no such file. `mnerflow export RUN DIR --onnx` writes DIR with graphs.")
        place = _device(device)
        self._pictures = _pictures(config, record, place)
        with _uncollected():
            self._tagger = PostPredictor(config, folder, self._pictures, place, mixed=False, graph=file)
        self._said: set[str] = set()

    def __call__(
        self, given: Given | Sequence[Given], images: Sequence[str | Path] = ()
    ) -> list[Entity] | list[list[Entity]]:
        """Find the entities of one text, or of each of several texts.

        Args:
            given: a text, or an object with ``text`` or ``tokens`` (a list of words), ``images`` (paths) and
                ``contexts`` (texts by name), or several of these.
            images: paths of the images of a single text.

        Raises:
            UserError: for an object with a field that is missing, misspelt or of the wrong type.
        """
        if isinstance(given, str | Mapping):
            record = {"text": given} if isinstance(given, str) else dict(given)
            [tagged] = self.stream([record | ({"images": images} if images else {})])
            return tagged.entities
        if images:
            raise UserError("`images` are those of a single text. Give each text its own, as an object.")
        return [tagged.entities for tagged in self.stream(given)]

    def stream(self, texts: Iterable[Text | Given], at_once: int = AT_ONCE) -> Iterator[Tagged]:
        """Tag texts in their order, ``at_once`` sentences together; memory does not grow with their number.

        An error in ``texts`` is raised after the results for the texts before it.
        """
        waiting: list[Text] = []
        sentences = 0
        try:
            for number, given in enumerate(texts, start=1):
                text = given if isinstance(given, Text) else self._text(given, number)
                waiting.append(text)
                sentences += max(1, len(text.sentences))
                if sentences >= at_once:
                    yield from self._tag(waiting)
                    waiting, sentences = [], 0
        except UserError:
            yield from self._tag(waiting)
            raise
        yield from self._tag(waiting)

    def _text(self, given: Given, number: int) -> Text:
        if not isinstance(given, str | Mapping):
            raise UserError(
                f"text:{number}: {given!r:.100} is neither a text nor an object. Give one of the two."
            )
        record = {"text": given} if isinstance(given, str) else dict(given)
        images = record.pop("images", ())
        if not isinstance(images, list | tuple) or not all(isinstance(one, str | Path) for one in images):
            raise UserError(f"text:{number}: 'images' is to be a list of paths. Correct the field.")
        text = of_record(record, Path("text"), number, self.cut, Path())
        text.images = [_picture(str(image)) for image in images]
        return text

    def _tag(self, texts: Sequence[Text]) -> Iterator[Tagged]:
        self._look_at(texts)
        posts = [
            Post(
                text.id,
                [text.text[start:end] for start, end in sentence],
                [OUTSIDE] * len(sentence),
                [_key(*picture) for picture in shown] if self._pictures else [],
                text.contexts,
            )
            for text in texts
            for sentence, shown in zip(text.sentences, text.shown, strict=True)
        ]
        if self._pictures:
            self._load_pictures(texts, self._pictures)
        predictions = iter(self._tagger.predict(posts) if posts else ())
        for text in texts:
            yield self._tagged(text, [next(predictions) for _ in text.sentences])

    def _tagged(self, text: Text, predictions: Sequence[Prediction]) -> Tagged:
        entities, tags, before = [], [], 0
        for sentence, prediction in zip(text.sentences, predictions, strict=True):
            sure_tags = [*prediction.predicted]
            scores = prediction.entity_confidence or []
            for (kind, first, last), score in zip(spans(prediction.predicted), scores, strict=True):
                if score < self._threshold:
                    sure_tags[first:last] = [OUTSIDE] * (last - first)
                    continue
                start, end = sentence[first][0], sentence[last - 1][1]
                entities.append(
                    {
                        "entity_group": kind,
                        "score": score,
                        "word": text.text[start:end],
                        "start": start,
                        "end": end,
                        "token_start": before + first,
                        "token_end": before + last,
                    }
                )
            tags.append(sure_tags)
            before += len(sentence)
        weights = [prediction.image_weight for prediction in predictions]
        return Tagged(
            text,
            tags,
            entities,
            [prediction.confidence or [] for prediction in predictions],
            None if None in weights else weights,  # type: ignore[arg-type]
        )

    def _load_pictures(self, texts: Sequence[Text], pictures: "Pictures") -> None:
        """Read the images of texts; warn of each that cannot be used, with its text."""
        wanted: dict[str, tuple[Path, str]] = {}
        refused: dict[str, tuple[Path, str]] = {}
        for text in texts:
            for picture in dict.fromkeys(chain.from_iterable(text.shown)):
                fetched = picture[1].startswith(ADDRESSES) and not self._allow_urls
                (refused if fetched else wanted)[_key(*picture)] = picture
        problems = pictures.load(wanted | dict.fromkeys(refused, (Path(), "")))
        problems |= dict.fromkeys(refused, "an address, which is fetched only where that is allowed")
        for text in texts:
            for picture in dict.fromkeys(chain.from_iterable(text.shown)):
                if reason := problems.get(_key(*picture)):
                    said = f"{text.place}: {picture[1]}: {reason}; a blank image stands in"
                    logger.warning("%s", printable(said))

    def _look_at(self, texts: Sequence[Text]) -> None:
        """Warn once per source that the run reads and a text lacks, or a text has and the run ignores."""
        for text in texts:
            had = {*text.contexts} | ({IMAGE} if text.images else set())
            for source in self.sources:
                if source not in had:
                    self._say_once(
                        f"lacks {source}",
                        f"{text.place}: no {source}, which this run reads beside the text and does worse "
                        "without. Give one, or take a run that reads the text alone",
                    )
            for source in sorted(had - {*self.sources}):
                kind = IMAGE if source == IMAGE else "context"  # texts of strangers have contexts of any name
                self._say_once(f"unread {kind}", f"{text.place}: this run does not read its {source}")

    def _say_once(self, what: str, said: str) -> None:
        if what not in self._said:
            self._said.add(what)
            logger.warning("%s (said once)", printable(said))


@contextmanager
def _uncollected() -> Iterator[None]:
    """Pause the garbage collector during imports: modules stay, and finding that out takes it a second."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


def _picture(image: str) -> tuple[Path, str]:
    """Folder and file of an image, as its path names it; an address has no folder."""
    if image.startswith(ADDRESSES):
        return Path(), image
    return Path(image).parent, Path(image).name


def _key(folder: Path, image: str) -> str:
    """Name of an image among others; an address is unchanged, since ``Path`` drops slashes that matter."""
    return image if image.startswith(ADDRESSES) else str(folder / image)


def _pictures(config: RunConfig, record: TrainingRecord, place: torch.device) -> "Pictures | None":
    if not config.image_size or record.images is None:
        return None
    from mnerflow.prediction.pictures import Pictures  # needs Pillow, which text-only runs do without

    return Pictures(config, record.images.fit, place)


def _device(name: str | None) -> torch.device:
    if name is None:
        return any_device()
    try:
        tried = torch.ones(1, device=name)
        tried.item()  # fails on a device without values, such as meta
        return tried.device
    except (RuntimeError, AssertionError) as error:
        first = str(error).partition("\n")[0]
        raise UserError(f"device {name!r}: not to be had here ({first}). Name cpu or cuda.") from error
