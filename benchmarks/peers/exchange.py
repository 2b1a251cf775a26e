"""Input and output of a training for ``peers.py``; this module runs in every peer's environment.

The modules of mnerflow that it imports need nothing but Python.
"""

import json
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from mnerflow.compute.memory import peak_memory_mib
from mnerflow.data.post import Post, read_splits
from mnerflow.data.tags import OUTSIDE, spans

ANSWER = "answer.json"
TASK = "task.json"


@dataclass
class Task:
    """What to train, the same for all peers.

    ``batch`` is the number of posts per step, ``longest`` the number of subwords of the longest post. The
    learning rates are the maximum rates of encoder and head.
    """

    weights: str
    types: list[str]
    epochs: int
    batch: int
    batch_tokens: int
    longest: int
    encoder_rate: float
    head_rate: float
    seed: int


@dataclass
class Answer:
    """The time and memory that a training took, and the tags that it gives the test posts, one per word.

    ``seconds`` is the wall-clock time from the posts in memory to the trained model, ``processor_seconds``
    the processor time of the same part. ``memory`` is the peak memory in MiB, including prediction.
    """

    seconds: float
    processor_seconds: float
    memory: int
    predicted: list[list[str]]


Splits = dict[str, list[Post]]
Predict = Callable[[], list[list[str]]]


def answer(fit: Callable[[Task, Splits, Path], Predict]) -> None:
    """Train with ``fit`` on the task in the folder that the command line names, and write the answer there.

    ``fit`` gets the task, the posts by split and the folder, and returns a function that predicts the test
    posts.
    """
    folder = Path(sys.argv[1])
    task = Task(**json.loads((folder / TASK).read_text(encoding="utf-8")))
    splits = read_splits(folder)
    clock, processor = time.perf_counter(), time.process_time()
    predict = fit(task, splits, folder)
    clock, processor = time.perf_counter() - clock, time.process_time() - processor
    predicted = predict()
    found = Answer(clock, processor, peak_memory_mib(), predicted)
    (folder / ANSWER).write_text(json.dumps(asdict(found)), encoding="utf-8")


def tags_of(words: int, entities: Sequence[tuple[str, int, int]]) -> list[str]:
    """IOB2 tags of ``words`` words from ``(entity type, start, end)``; if two overlap, the first stays."""
    tags = [OUTSIDE] * words
    for kind, start, end in entities:
        if all(tag == OUTSIDE for tag in tags[start:end]):
            tags[start:end] = [f"B-{kind}", *[f"I-{kind}"] * (end - start - 1)]
    return tags


def in_characters(post: Post) -> list[tuple[str, int, int]]:
    """The entities of a post, by characters of its text, whose words are joined by spaces."""
    places = _places(post.tokens)
    return [(kind, places[start][0], places[end - 1][1]) for kind, start, end in spans(post.labels)]


def in_words(tokens: Sequence[str], entities: Sequence[tuple[str, int, int]]) -> list[tuple[str, int, int]]:
    """Convert entities from characters to words; a word belongs to an entity that covers a part of it."""
    places = _places(tokens)
    found = []
    for kind, start, end in entities:
        touched = [index for index, (first, last) in enumerate(places) if first < end and start < last]
        if touched:
            found.append((kind, touched[0], touched[-1] + 1))
    return found


def _places(tokens: Sequence[str]) -> list[tuple[int, int]]:
    """The first character of each word and the one after its last, in words joined by spaces."""
    places, start = [], 0
    for token in tokens:
        places.append((start, start + len(token)))
        start += len(token) + 1
    return places
