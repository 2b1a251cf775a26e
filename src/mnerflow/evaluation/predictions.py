"""A model's predictions: everything that scores or explains a run reads their file.

Each line is a post of a split under a condition. Both come first in the line:
``{"split": "test", "condition": "true", …}``.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from itertools import chain
from pathlib import Path
from typing import Any

from mnerflow.conditions import TRUE, Condition
from mnerflow.data.post import SPLITS
from mnerflow.data.tags import is_tag, spans
from mnerflow.errors import UserError, quantity
from mnerflow.files.json_text import json_object, write_json_lines
from mnerflow.files.reading import read_lines
from mnerflow.files.writing import writing

PREDICTIONS = "predictions.jsonl"  # in a run's folder
SCORED = ("scores.json", "counts.npz")  # beside them, what was computed from them
TESTED = ("test", TRUE.name)
# Types of the values in a field, which has one value per token.
KINDS: dict[str, set[type]] = {
    "tokens": {str},
    "labels": {str},
    "predicted": {str},
    "subwords": {int},
    "image_weight": {float, int, type(None)},
    "confidence": {float, int, type(None)},
}
OPTIONAL = ("image_weight", "confidence")
WHICH = re.compile(r'\{"split": "(\w+)", "condition": "([^"\\]+)", ')
ONE = 1 + 2**-7  # a sum of 1 as bf16 may round it


@dataclass(slots=True)
class Prediction:
    """One post's gold and predicted tags, a pair for every word.

    Attributes:
        subwords: number of subwords of each word in the run's tokenizer. A word that a filter hid from the
            model keeps its count and is predicted ``O``.
        image_weight: how much of the image each word let in, 0..1, ``None`` for hidden words. Only for
            fusions that decide this word by word.
        confidence: probability that the model gives each word's tag, ``None`` for hidden words.
        entity_confidence: probability that it gives each entity in ``spans(predicted)``. Only for posts
            without hidden words.
    """

    id: str
    tokens: list[str]
    labels: list[str]
    predicted: list[str]
    subwords: list[int]
    image_weight: list[float | None] | None = None
    confidence: list[float | None] | None = None
    entity_confidence: list[float] | None = None

    def record(self) -> dict[str, Any]:
        """The fields as a line of the file, without those that are ``None``."""
        # `asdict` would copy each word.
        return {name: value for name in self.__slots__ if (value := getattr(self, name)) is not None}


# By split and condition; the posts keep their order.
Predictions = Mapping[tuple[str, str], Sequence[Prediction]]


def write_predictions(path: str | Path, predictions: Predictions) -> None:
    """Write predictions as JSON lines, in their order, atomically.

    The scores of earlier predictions in the same folder are deleted.
    """
    with writing(path):
        for name in SCORED:
            Path(path).with_name(name).unlink(missing_ok=True)
    write_json_lines(
        path,
        (
            {"split": split, "condition": condition} | prediction.record()
            for (split, condition), posts in predictions.items()
            for prediction in posts
        ),
    )


def read_predictions(path: str | Path) -> dict[tuple[str, str], list[Prediction]]:
    """All predictions that ``write_predictions`` wrote; raises ``UserError`` as ``as_predictions`` does."""
    lines = ((number, line) for number, line in read_lines(path) if line.strip())
    return as_predictions(path, ((number, json_object(line, f"{path}:{number}")) for number, line in lines))


def read_tested(path: str | Path) -> list[Prediction]:
    """Read the predictions of the test split with all sources true.

    A line that begins with another split or condition is skipped unread. Raises ``UserError`` as
    ``as_predictions`` does, and when there are no such predictions.
    """
    records = (
        (number, json_object(line, f"{path}:{number}"))
        for number, line in read_lines(path)
        if line.strip() and ((said := WHICH.match(line)) is None or said.groups() == TESTED)
    )
    predictions = as_predictions(path, records).get(TESTED)
    if predictions is None:
        raise UserError(f"{path}: no predictions of the test split. Delete the file and predict again.")
    return predictions


def as_predictions(
    path: str | Path, records: Iterable[tuple[int, dict[str, Any]]]
) -> dict[tuple[str, str], list[Prediction]]:
    """The lines of a file, each with its number, as predictions by split and condition.

    Raises ``UserError`` naming file, line and post in these cases. A field is missing, unknown or of the
    wrong type. Labels, predicted tags, subword counts, image weights or confidences do not have one value per
    token or entity. A tag is not IOB2, a count is negative, or another value is outside 0..1. The split or
    condition does not exist.
    """
    predictions: dict[tuple[str, str], list[Prediction]] = {}
    places: list[tuple[int, Prediction]] = []
    for number, record in records:
        try:
            which = record.pop("split", None), record.pop("condition", None)
            if which not in predictions:
                _check(which, f"{path}:{number}")
                predictions[which] = []
            prediction = Prediction(**record)
        except TypeError as error:
            known = ", ".join(("split", "condition", *(field.name for field in fields(Prediction))))
            raise UserError(
                f"{path}:{number}: not a prediction ({error}). A line has the fields {known}."
            ) from error
        predictions[which].append(prediction)
        places.append((number, prediction))
    # Checking all at once takes a quarter of the time. One at a time only finds out which is wrong.
    if _wrong([prediction for _, prediction in places]):
        for number, prediction in places:
            if wrong := _wrong([prediction]):
                raise UserError(
                    f"{path}:{number}: post {prediction.id!r} has {wrong}. Delete the file and predict again."
                )
    return predictions


def _check(which: tuple[Any, Any], place: str) -> None:
    split, condition = which
    if split not in SPLITS:
        raise UserError(f"{place}: the split {split!r} is none of {', '.join(SPLITS)}. Predict again.")
    try:
        Condition.named(condition)
    except (UserError, AttributeError) as error:
        raise UserError(f"{place}: the condition {condition!r} is none. Predict again.") from error


def _wrong(predictions: Sequence[Prediction]) -> str:
    """What is wrong with one of these predictions, if anything."""
    if not {type(prediction.id) for prediction in predictions} <= {str}:
        return "an id that is no text"
    for name, kinds in KINDS.items():
        values = [getattr(prediction, name) for prediction in predictions]
        given = [value for value in values if value is not None or name not in OPTIONAL]
        if not {*map(type, given)} <= {list} or not {*map(type, chain.from_iterable(given))} <= kinds:
            return f"{name} of another type than {' or '.join(sorted(kind.__name__ for kind in kinds))}"
        for prediction, value in zip(predictions, values, strict=True):
            if value is not None and len(value) != len(prediction.tokens):
                return f"{quantity(len(prediction.tokens), 'token')} but {len(value)} {name}"
    try:
        "".join(text for prediction in predictions for text in (prediction.id, *prediction.tokens)).encode()
    except UnicodeEncodeError:
        return "half a surrogate pair"
    tags = {tag for prediction in predictions for tag in (*prediction.labels, *prediction.predicted)}
    if strange := sorted(tag for tag in tags if not is_tag(tag)):
        return f"the tag {strange[0]!r}, which is not IOB2"
    if min(chain.from_iterable(prediction.subwords for prediction in predictions), default=0) < 0:
        return "a negative number of subwords"
    for name in OPTIONAL:
        numbers = chain.from_iterable(getattr(prediction, name) or () for prediction in predictions)
        if not all(number is None or 0 <= number <= ONE for number in numbers):  # NaN counts as outside
            return f"a value of {name} outside 0..1"
    return next(filter(None, map(_wrong_entities, predictions)), "")


def _wrong_entities(prediction: Prediction) -> str:
    if (sure := prediction.entity_confidence) is None:
        return ""
    if not isinstance(sure, list) or not {*map(type, sure)} <= {float, int}:
        return "entity_confidence of another type than a list of numbers"
    if len(sure) != (entities := sum(1 for _ in spans(prediction.predicted))):
        predicted = quantity(entities, "predicted entity", "predicted entities")
        return f"{predicted} but {len(sure)} entity_confidence"
    return "" if all(0 <= value <= ONE for value in sure) else "a value of entity_confidence outside 0..1"
