"""New texts, tagged by a run that was trained."""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from mnerflow.config import RunConfig, build
from mnerflow.data.formats import jsonl
from mnerflow.data.image_store import IMAGES, build_store
from mnerflow.data.post import Post
from mnerflow.data.tags import OUTSIDE, spans
from mnerflow.errors import UserError
from mnerflow.evaluation.predictions import Prediction
from mnerflow.files import json_object, read_lines
from mnerflow.plan.kept_weights import MODEL, was_dropped
from mnerflow.plan.names import FILTERS_OFF, Run
from mnerflow.record import RECORD, TrainingRecord
from mnerflow.training.features import compute_features
from mnerflow.training.images import Images, open_images
from mnerflow.training.predictor import Predictor

THREADS = 2  # that decode images


@dataclass(frozen=True)
class Tagged:
    """What ``tag_texts`` found, and which images could not be used, with the reason."""

    predictions: list[Prediction]
    unusable: dict[str, str]


def load_predictor(folder: Path, images: Images | None = None) -> Predictor:
    """The tagger of the run in ``folder``, ``results/runs/<…>/seed<k>``, as its ``run.yaml`` tells it.

    Args:
        folder: of a run that was trained here, with its weights.
        images: what the posts' images are looked up in, for a run with an image encoder.

    Raises:
        UserError: when the run has no weights, was trained with a filter, or reads images and is given none.
    """
    return Predictor(_config(_record(folder), folder), folder, images)


def tag_texts(folder: Path, file: Path, images: Path) -> Tagged:
    """Tag the posts of a file with the run in ``folder``, ``results/runs/<…>/seed<k>``.

    Args:
        folder: of a run that was trained here, with its weights.
        file: JSON lines as a data set's, the labels left out (what stands there is not looked at), or
            ``.txt``: a post a line, its tokens divided by white space.
        images: what the posts' images are named in. One that cannot be used is read as a blank one.

    Raises:
        UserError: when the run has no weights or was trained with a filter, or a post is malformed.
    """
    record, posts = _record(folder), read_texts(file)
    run = _config(record, folder)
    if not run.image_size:
        return Tagged(Predictor(run, folder).predict(posts), {})
    names = [name for post in posts for name in post.images]
    with TemporaryDirectory() as temporary:
        store, features = Path(temporary) / "store", None
        size, fit = run.image_size, record.images.fit
        report = build_store(names, images if names else store.parent, store, size, "blank", THREADS, fit)
        if run.image_encoder and run.image_encoder.frozen:
            features = str(store.with_name("features.npy"))
            compute_features(run.image_encoder, store, Path(features), run.training.threads)
        predictor = Predictor(run, folder, open_images(str(store / IMAGES), features))
        unusable = {name: entry.reason for name, entry in report.problems.items()}
        return Tagged(predictor.predict(posts), unusable)


def read_texts(file: Path) -> list[Post]:
    """Posts without labels; raises ``UserError`` naming file and line for one that is malformed."""
    if file.suffix == ".txt":
        texts = [(str(number), line.split()) for number, line in read_lines(file) if line.strip()]
        posts = [Post(number, tokens, [OUTSIDE] * len(tokens)) for number, tokens in texts]
    else:
        posts = []
        for number, line in jsonl.records(file):
            record = json_object(line, f"{file}:{number}")
            tokens = record.get("tokens", record.get("text"))
            record["labels"] = [OUTSIDE] * len(tokens) if isinstance(tokens, list) else []
            record.pop("label", None)
            posts.append(jsonl.to_post(file, number, json.dumps(record)))
    if not posts:
        raise UserError(f"{file}: not one post. Write one a line.")
    return posts


def tagged_line(prediction: Prediction) -> str:
    """A post as JSON, with its tags and its entities, the tokens from ``start`` up to ``end``."""
    found = zip(spans(prediction.predicted), prediction.entity_confidence or [], strict=True)
    entities = [
        {
            "type": kind,
            "start": start,
            "end": end,
            "text": " ".join(prediction.tokens[start:end]),
            "confidence": confidence,
        }
        for (kind, start, end), confidence in found
    ]
    line = {"id": prediction.id, "tokens": prediction.tokens, "tags": prediction.predicted}
    return json.dumps(line | {"entities": entities}, ensure_ascii=False)


def _record(folder: Path) -> TrainingRecord:
    """Of the run in ``folder``; raises ``UserError`` when it has no weights or record, or had a filter."""
    if was_dropped(folder):
        raise UserError(
            f"{folder}: its weights were dropped once it had predicted, as keep_weights says. With the same "
            f"configuration, `snakemake --config keep_weights=all -- {folder / MODEL}` trains it again."
        )
    if not (folder / MODEL).is_file():
        raise UserError(
            f"{folder}: no model.safetensors. Name the folder of a run that was trained here: a published "
            "one has no weights, `--config published=` trains it."
        )
    named = Run.from_folder(folder.absolute())
    if named.filter != FILTERS_OFF:
        raise UserError(
            f"{folder}: trained with the filter {named.filter!r}, which hides tokens. Name a run without one."
        )
    return TrainingRecord.read(folder / RECORD, "Train the run again.")


def _config(record: TrainingRecord, folder: Path) -> RunConfig:
    """What the run was trained with; the folders of pretrained weights are found from anywhere."""
    return build(RunConfig, _rooted(record.config, _root(folder)), str(folder / RECORD))


def _root(folder: Path) -> Path:
    """Where the workflow of a run works: the folder above ``results/runs/…``, a link not followed."""
    above = Path(os.path.abspath(folder)).parents  # noqa: PTH100
    if len(above) < 7 or (above[5].name, above[4].name) != ("results", "runs"):
        raise UserError(f"{folder}: not below results/runs. Name the run where the workflow keeps it.")
    return above[6]


def _rooted(values: dict[str, Any], root: Path) -> dict[str, Any]:
    """The values of a ``RunConfig`` with folders of weights below ``root``, wherever it is called from."""
    rooted = dict(values)
    for name in ("text_encoder", "image_encoder", "vision_language_encoder"):
        part = values.get(name) or {}
        if part.get("weights"):
            rooted[name] = part | {"weights": str(root / part["weights"])}
    return rooted
