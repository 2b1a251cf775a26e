"""Entity counts per run and sentence, from which every test and interval is computed."""

import hashlib
import json
import zlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from mnerflow.conditions import TRUE
from mnerflow.data.post import Post
from mnerflow.data.tags import OUTSIDE, entity_type
from mnerflow.errors import UserError
from mnerflow.evaluation.calibration import tally
from mnerflow.evaluation.metrics import Sequences
from mnerflow.evaluation.predictions import Prediction
from mnerflow.files.writing import atomic_path
from mnerflow.plan.names import Combination, Run


@dataclass(frozen=True, slots=True)
class Counts:
    """A run's counts on one split.

    Attributes:
        types: entity types.
        posts: digest of the posts' ids and gold labels. Runs with the same digest may be compared sentence by
            sentence.
        entities: by condition, true positives, predicted and gold entities of every sentence and type,
            ``(sentences, types, 3)``.
        changed: by condition with an altered source, whether each sentence is tagged differently than with
            the true one, ``(sentences,)``.
        image_weight: how much of the true image the words of each type's gold entities let in on average,
            ``(types,)``; NaN for a type without words. Empty for fusions that do not decide this word by
            word.
        gold: the gold entities, as from ``metrics.Sequences.spans``.
        predicted: the predicted entities, by condition.
        tagged: digest of each sentence's predicted tags with the true sources, ``(sentences,)``. If it
            differs between two runs, they tag the sentence differently.
        confidence: by unit, the ``calibration.tally`` of the model's confidences.
    """

    types: tuple[str, ...]
    posts: str
    entities: dict[str, np.ndarray]
    changed: dict[str, np.ndarray]
    image_weight: np.ndarray = field(default_factory=lambda: np.empty(0))
    gold: np.ndarray = field(default_factory=lambda: np.empty((0, 4), int))
    predicted: dict[str, np.ndarray] = field(default_factory=dict)
    tagged: np.ndarray = field(default_factory=lambda: np.empty(0, dtype=np.uint64))
    confidence: dict[str, np.ndarray] = field(default_factory=dict)

    @property
    def plain(self) -> np.ndarray:
        """Counts with all sources true, ``(sentences, types, 3)``."""
        return self.entities[TRUE.name]


def count(conditions: Mapping[str, Sequence[Prediction]], tags: Sequence[str]) -> Counts:
    """Count the predictions of one split, given by condition, including ``true``.

    Raises ``UserError`` naming the post when a tag is not in ``tags``, and naming the condition when its
    posts are not the same.
    """
    plain = conditions[TRUE.name]
    for condition, predictions in conditions.items():
        if [_gold(prediction) for prediction in predictions] != [_gold(prediction) for prediction in plain]:
            raise UserError(
                f"{condition}: other posts or labels than under {TRUE.name}. Predict the run again."
            )
    changed = {
        condition: np.array(
            [wrong.predicted != true.predicted for wrong, true in zip(predictions, plain, strict=True)],
            dtype=bool,
        )
        for condition, predictions in conditions.items()
        if condition != TRUE.name
    }
    types = tuple(dict.fromkeys(entity_type(tag) for tag in tags if tag != OUTSIDE))
    sequences = {name: Sequences(predictions, tags) for name, predictions in conditions.items()}
    spans = {name: each.spans() for name, each in sequences.items()}
    return Counts(
        types=types,
        posts=posts_digest(plain),
        entities={name: each.entity_counts() for name, each in sequences.items()},
        changed=changed,
        image_weight=_image_weight(plain, types),
        gold=spans[TRUE.name][0],
        predicted={name: predicted for name, (_, predicted) in spans.items()},
        tagged=np.array([_tags_digest(prediction.predicted) for prediction in plain], dtype=np.uint64),
        confidence=tally(plain),
    )


def posts_digest(posts: Iterable[Post | Prediction]) -> str:
    """SHA-256 of the posts' ids and gold labels, in order."""
    return hashlib.sha256(json.dumps([_gold(post) for post in posts]).encode()).hexdigest()


def write_counts(path: str | Path, runs: Mapping[Run, Counts]) -> None:
    """Write the counts of runs as a compressed ``.npz``, atomically; the same counts give the same bytes."""
    arrays: dict[str, Any] = {}
    for run, counts in runs.items():
        values = {"types": np.array(counts.types), "posts": np.array(counts.posts)}
        values |= {f"entities.{name}": array.astype(np.int32) for name, array in counts.entities.items()}
        values["image_weight"] = counts.image_weight
        values["gold"] = counts.gold.astype(np.int32)
        values |= {f"predicted.{name}": array.astype(np.int32) for name, array in counts.predicted.items()}
        values["tagged"] = counts.tagged
        values |= {f"changed.{name}": array for name, array in counts.changed.items()}
        values |= {f"confidence.{unit}": array for unit, array in counts.confidence.items()}
        arrays |= {f"{run.path}/{name}": array for name, array in values.items()}
    with atomic_path(path) as temporary, temporary.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **arrays)


def read_counts(paths: Iterable[str | Path]) -> dict[Run, Counts]:
    """Read files that ``write_counts`` wrote; raises ``UserError`` for a missing or malformed file."""
    return {run: counts for path in paths for run, counts in _read(path).items()}


def _read(path: str | Path) -> dict[Run, Counts]:
    runs: dict[Run, dict[str, np.ndarray]] = defaultdict(dict)
    try:
        with np.load(path) as arrays:
            for key in arrays.files:
                folder, _, name = key.rpartition("/")
                runs[Run.from_folder(folder)][name] = arrays[key]
        return {run: _counts(values) for run, values in runs.items()}
    except (OSError, ValueError, KeyError, EOFError, BadZipFile, zlib.error, UserError) as error:
        raise UserError(f"{path}: no counts of runs ({error}). Delete it and run again.") from error


def _counts(values: Mapping[str, np.ndarray]) -> Counts:
    groups: dict[str, dict[str, np.ndarray]] = {
        name: {} for name in ("entities", "changed", "predicted", "confidence")
    }
    for name, array in values.items():
        group, _, condition = name.partition(".")
        if condition:
            groups[group][condition] = array
    types, posts = tuple(map(str, values["types"])), str(values["posts"])
    return Counts(
        types,
        posts,
        **groups,
        image_weight=values["image_weight"],
        gold=values["gold"],
        tagged=values["tagged"],
    )


def check_same_posts(runs: Iterable[tuple[object, Counts]]) -> None:
    """Raise ``UserError`` naming a run that was not predicted from the same posts as the first."""
    first = None
    for name, counts in runs:
        if first and counts.posts != first[1].posts:
            raise UserError(
                f"{name}: other posts or labels than in {first[0]}. Predict both from the same data."
            )
        first = first or (name, counts)


def by_data(runs: Mapping[Run, Counts]) -> Iterator[tuple[tuple[str, str], dict[Run, Counts]]]:
    """Yield each data set and filter, and its runs in order.

    Raises ``UserError`` when the runs of one were not predicted from the same posts.
    """
    for data, members in groupby(sorted(runs), key=lambda run: (run.dataset, run.filter)):
        of_data = {run: runs[run] for run in members}
        check_same_posts(of_data.items())
        yield data, of_data


def by_combination(runs: Mapping[Run, Counts]) -> dict[Combination, list[Counts]]:
    """The counts of each combination, one per seed, in the order of the runs."""
    found: dict[Combination, list[Counts]] = defaultdict(list)
    for run in sorted(runs):
        found[run.combination].append(runs[run])
    return dict(found)


def check_predicted_from(posts: Iterable[Post], runs: Mapping[Run, Counts]) -> None:
    """Raise ``UserError`` naming a run that was predicted from other posts or labels than these."""
    these = posts_digest(posts)
    for run, counts in runs.items():
        if counts.posts != these:
            raise UserError(
                f"{run.path}: its predictions are of other posts or labels than the prepared test split. "
                "Predict the run again."
            )


def _image_weight(predictions: Sequence[Prediction], types: Sequence[str]) -> np.ndarray:
    told = [(one.labels, one.image_weight) for one in predictions if one.image_weight is not None]
    if not told:
        return np.empty(0)
    weights: dict[str, list[float]] = {kind: [] for kind in types}
    for labels, of_words in told:  # without posts in which a filter hides every word
        for tag, weight in zip(labels, of_words, strict=True):
            if tag != OUTSIDE and weight is not None:
                weights[entity_type(tag)].append(weight)
    return np.array([np.mean(found) if found else np.nan for found in weights.values()])


def _tags_digest(tags: Sequence[str]) -> int:
    return int.from_bytes(hashlib.blake2b(" ".join(tags).encode(), digest_size=8).digest())


def _gold(post: Post | Prediction) -> tuple[str, list[str]]:
    return post.id, post.labels
