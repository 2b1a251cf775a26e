"""What a model predicted, one post a line: everything that scores or explains a run reads this file."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from mnerflow.errors import UserError
from mnerflow.files import read_json_lines, write_json_lines


@dataclass(slots=True)
class Prediction:
    """One post's gold and predicted tags, a pair for every word of the gold.

    ``subwords`` is the number of subwords of each word in the run's tokenizer; a word that a filter
    hid from the model keeps its count and is predicted ``O``. ``image_weight`` tells, in 0..1 and only of
    fusions that decide it word by word, how much of the image each word let in, ``None`` where it was hidden.
    """

    id: str
    tokens: list[str]
    labels: list[str]
    predicted: list[str]
    subwords: list[int]
    image_weight: list[float | None] | None = None

    def record(self) -> dict[str, Any]:
        """Its fields as a line of the file, those left out that say nothing."""
        return {name: value for name, value in asdict(self).items() if value is not None}


def write_predictions(path: str | Path, predictions: Iterable[Prediction]) -> None:
    """Write predictions as JSON lines, atomically."""
    write_json_lines(path, (prediction.record() for prediction in predictions))


def read_predictions(path: str | Path) -> list[Prediction]:
    """Read predictions that ``write_predictions`` wrote.

    Raises ``UserError`` naming file, line and post when a field is missing or unknown, or when labels,
    predicted tags or subword counts are not one a token.
    """
    predictions = []
    for number, record in read_json_lines(path):
        try:
            prediction = Prediction(**record)
        except TypeError as error:
            known = ", ".join(field.name for field in fields(Prediction))
            raise UserError(
                f"{path}:{number}: not a prediction ({error}). A line has the fields {known}."
            ) from error
        for name in ("labels", "predicted", "subwords", "image_weight"):
            if name == "image_weight" and prediction.image_weight is None:
                continue
            count, expected = len(getattr(prediction, name)), len(prediction.tokens)
            if count != expected:
                raise UserError(
                    f"{path}:{number}: post {prediction.id!r} has {expected} tokens but {count} {name}. "
                    "Delete the file and predict again."
                )
        predictions.append(prediction)
    return predictions
