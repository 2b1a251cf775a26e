"""Ask a language model for the entities of a split, and write its answers as the predictions of a run."""

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random
from statistics import fmean
from typing import Any

from mnerflow.config import plain
from mnerflow.data.post import Post, read_posts
from mnerflow.data.tags import OUTSIDE
from mnerflow.errors import UserError, quantity
from mnerflow.evaluation.predictions import TESTED, Prediction, write_predictions
from mnerflow.files.checksums import sha256
from mnerflow.files.json_text import write_json_lines
from mnerflow.llm.answer import ANSWER_PROBLEMS, ENTITY_PROBLEMS, Reading, read_answer, schema
from mnerflow.llm.ask import ask_all, bill, body_of
from mnerflow.llm.budget import USUAL
from mnerflow.llm.cache import Answer, Request
from mnerflow.llm.client import TRUNCATED
from mnerflow.llm.config import RivalConfig, Service
from mnerflow.llm.picture import Pictures
from mnerflow.llm.prompt import Message
from mnerflow.llm.rival_prompt import RivalPrompt, gold_answer
from mnerflow.log import logger
from mnerflow.record import PromptFile, RivalRecord
from mnerflow.record.origin import origin

PACKAGES = ("openai", "json-repair", "jinja2", "pillow")
# As deterministic as a server allows; long enough for any list of names.
OPTIONS = {"temperature": 0, "max_tokens": 512}


@dataclass(frozen=True)
class Material:
    """What a run reads: prepared posts to draw examples from and to ask about, the prompt, and images."""

    train: Path
    test: Path
    prompt: Path
    pictures: Pictures | None = None


def ask_run(
    rival: RivalConfig,
    material: Material,
    service: Service,
    cache: Path,
    out: Mapping[str, Path],
    about: dict[str, Any],
    session: str = "",
    max_cost: float | None = None,
) -> None:
    """Ask about every post and write ``out``'s ``predictions``, ``answers`` and ``record``.

    ``answers`` has one line per post: what the model said, how it was read, and whether it came from the
    cache. Raises ``UserError`` as ``ask_all`` does. Then nothing is written, but the answers are kept in
    ``cache``.
    """
    start = time.monotonic()
    questions = Questions(rival, material)
    answers = ask_all(
        questions.request,
        len(questions.posts),
        service,
        cache,
        questions.expected_output,
        session,
        max_cost,
    )
    readings = [
        _read(post, answer, rival.entity_types) for post, answer in zip(questions.posts, answers, strict=True)
    ]
    counts = sum((reading.problems for reading in readings), Counter())
    placed = sum(reading.placed for reading in readings)
    record = RivalRecord(
        **about,
        **origin([__name__], PACKAGES, [material.train, material.test]),
        config=plain(rival),
        prompt=PromptFile(file=str(material.prompt), sha256=sha256(material.prompt)),
        images=questions.images,
        examples=[post.id for post, _ in questions.examples],
        posts=len(answers),
        answers={name: counts[name] for name in ANSWER_PROBLEMS},
        entities={"placed": placed} | {name: counts[name] for name in ENTITY_PROBLEMS},
        images_not_shown=material.pictures.broken if material.pictures else {},
        **bill(answers, service),
        seconds=round(time.monotonic() - start, 1),
    )
    write_predictions(
        out["predictions"],
        {
            TESTED: [
                Prediction(post.id, post.tokens, post.labels, reading.tags, [1] * len(post.tokens))
                for post, reading in zip(questions.posts, readings, strict=True)
            ]
        },
    )
    write_json_lines(
        out["answers"],
        (
            {"id": post.id, **asdict(answer), "placed": reading.placed, "problems": dict(reading.problems)}
            for post, answer, reading in zip(questions.posts, answers, readings, strict=True)
        ),
    )
    record.write(out["record"])
    logger.info(
        "posts: %d, answers from the cache: %d, unreadable: %d",
        len(answers),
        record.from_cache,
        counts["unreadable"],
    )


class Questions:
    """The requests about a split's posts, with their examples and pictures.

    ``images`` are the images that they show; ``None`` if they show none.
    """

    def __init__(self, rival: RivalConfig, material: Material) -> None:
        self._rival, self._material = rival, material
        self.posts = read_posts(material.test)[: rival.posts]
        train = read_posts(material.train)
        if len(train) < rival.examples:
            raise UserError(
                f"{material.train}: only {quantity(len(train), 'post')}, but "
                f"{quantity(rival.examples, 'example is', 'examples are')} asked for. Lower `examples`."
            )
        drawn = Random(rival.seed).sample(train, rival.examples)
        pictures = material.pictures if rival.image else None
        self.images = pictures.record([*self.posts, *drawn]) if pictures else None
        self._prompt = RivalPrompt(material.prompt, rival.entity_types, rival.image, [*self.posts, *drawn])
        self.examples = [(post, self._pictures(post)) for post in drawn]
        # An answer is expected to be as long as the gold answers to training posts are on average.
        gold = [len(gold_answer(post)) for post in train]
        self.expected_output = fmean(gold) / USUAL if gold else 0.0

    def request(self, place: int) -> Request:
        """The body of the request about the post at the index ``place``."""
        rival, post = self._rival, self.posts[place]
        messages = self._prompt.messages(post, self._pictures(post), self.examples)
        request = body_of(rival, messages, OPTIONS | {"seed": rival.seed})
        if rival.response_format == "json_schema":
            form = {"name": "entities", "strict": True, "schema": schema(rival.entity_types)}
            request["response_format"] = {"type": "json_schema", "json_schema": form}
        elif rival.response_format == "json_object":
            request["response_format"] = {"type": "json_object"}
        return request

    def _pictures(self, post: Post) -> Sequence[Message]:
        pictures = self._material.pictures
        return pictures.of(post.images, self._rival) if self._rival.image and pictures else []


def _read(post: Post, answer: Answer, entity_types: Sequence[str]) -> Reading:
    """Read an answer about the words that the model saw; words that a filter hid are ``O``."""
    kept = post.kept
    reading = read_answer(answer.content, [post.tokens[index] for index in kept], entity_types)
    tags = [OUTSIDE] * len(post.tokens)
    for index, tag in zip(kept, reading.tags, strict=True):
        tags[index] = tag
    reading.tags = tags
    reading.problems["cut_off"] += answer.finish_reason == TRUNCATED
    reading.problems = +reading.problems  # without problems that did not occur
    return reading
