"""A context written by a language model: a text for each post, in the form of ``contexts.jsonl``."""

import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mnerflow.config import plain
from mnerflow.data.post import Post, read_posts
from mnerflow.errors import UNSEEN, UserError
from mnerflow.files.checksums import sha256
from mnerflow.files.json_text import write_json_lines
from mnerflow.llm.ask import REFUSED, ask_all, bill, body_of
from mnerflow.llm.budget import most_output_tokens
from mnerflow.llm.cache import Answer, Request
from mnerflow.llm.client import REFUSALS, TRUNCATED
from mnerflow.llm.config import ContextQuestion, Service
from mnerflow.llm.picture import Pictures
from mnerflow.llm.prompt import TEXT, Prompt, asking, text_of
from mnerflow.log import logger
from mnerflow.record import ContextRecord, PromptFile
from mnerflow.record.origin import origin

PACKAGES = ("openai", "jinja2", "pillow")
# As deterministic as a server allows; the shipped prompts ask for 80 words.
OPTIONS = {"temperature": 0, "max_tokens": 256, "seed": 1}
USUAL_TOKENS = 120  # per answer, for the estimate
LONGEST = 4000  # characters of a text, even if a server ignores max_tokens
# Why a post has no text, besides reasons that a server gives.
NO_IMAGE, EMPTY = "no image", "empty answer"


@dataclass(frozen=True)
class Asked:
    """What to ask about: prepared posts of all splits, the prompt, and the images if they are shown."""

    posts: Sequence[Path]
    prompt: Path
    pictures: Pictures | None = None


def ask_context(
    question: ContextQuestion,
    asked: Asked,
    service: Service,
    cache: Path,
    out: Mapping[str, Path],
    about: dict[str, str],
    session: str = "",
    max_cost: float | None = None,
) -> None:
    """Ask about every post and write ``out``'s ``texts`` and ``record``.

    ``texts`` has one line for each post that has a text; the record counts and lists the others. If only the
    image is read, a post without one is not asked about. Raises ``UserError`` as ``ask_all`` does, and when
    no post has a text. Then nothing is written, but the answers are kept in ``cache``.
    """
    start = time.monotonic()
    questions = Questions(question, asked)
    answers = ask_all(
        questions.request,
        len(questions.posts),
        service,
        cache,
        min(USUAL_TOKENS, most_output_tokens(OPTIONS | question.options) or USUAL_TOKENS),
        session,
        max_cost,
    )
    texts, cut_off = {}, []
    without = defaultdict(list, {NO_IMAGE: questions.not_asked} if questions.not_asked else {})
    for post, answer in zip(questions.posts, answers, strict=True):
        text, is_cut, reason = read_text(answer)
        if reason:
            without[reason].append(post.id)
            continue
        texts[post.id] = text
        cut_off += [post.id] if is_cut else []
    if not texts:
        reasons = ", ".join(f"{reason} {len(ids)}" for reason, ids in without.items())
        raise UserError(
            f"{service.base_url}: not one post has a text ({reasons}). Correct `model`, `reads`, `prompt` or "
            "`options` of the entry in asked_contexts."
        )
    record = ContextRecord(
        **about,
        **origin([__name__], PACKAGES, asked.posts),
        config=plain(question),
        images=questions.images,
        service=plain(service),
        prompt=PromptFile(file=str(asked.prompt), sha256=sha256(asked.prompt)),
        posts=len(answers) + len(questions.not_asked),
        texts=len(texts),
        without=dict(without),
        cut_off=cut_off,
        without_image=questions.without_image,
        images_not_shown=asked.pictures.broken if asked.pictures else {},
        **bill(answers, service),
        seconds=round(time.monotonic() - start, 1),
    )
    write_json_lines(out["texts"], ({"id": post, "text": text} for post, text in texts.items()))
    record.write(out["record"])
    logger.info(
        "posts with a text: %d of %d, answers from the cache: %d", len(texts), record.posts, record.from_cache
    )


class Questions:
    """The requests about posts.

    Attributes:
        posts: posts that are asked about.
        not_asked: ids of posts that are not asked about, because they have no image and nothing else is read.
        without_image: ids of posts that are asked about by their text alone, although images are read.
        images: images of all posts; ``None`` if none are read.
    """

    def __init__(self, question: ContextQuestion, asked: Asked) -> None:
        self._question, self._asked = question, asked
        read = [post for path in asked.posts for post in read_posts(path)]
        by_text, by_image = ("text" in question.reads, "image" in question.reads)
        self.images = asked.pictures.record(read) if by_image and asked.pictures else None
        shown = {post.id: bool(self._pictures(post)) for post in read}
        self.posts = [post for post in read if by_text or shown[post.id]]
        self.not_asked = [post.id for post in read if not (by_text or shown[post.id])]
        self.without_image = [post.id for post in self.posts if by_image and not shown[post.id]]
        values = [
            {"image": shown[post.id]} | ({TEXT: text_of(post)} if by_text else {}) for post in self.posts
        ]
        self._prompt = Prompt(asked.prompt, {"image": by_image}, values, shows_text=by_text)

    def request(self, place: int) -> Request:
        """The body of the request about the post at the index ``place``."""
        turn = asking(self._prompt.questions[place], self._pictures(self.posts[place]))
        return body_of(self._question, self._prompt.chat(turn), OPTIONS)

    def _pictures(self, post: Post) -> Sequence[Any]:
        if "image" not in self._question.reads or not self._asked.pictures:
            return []
        return self._asked.pictures.of(post.images, self._question)


def read_text(answer: Answer) -> tuple[str, bool, str]:
    """The text of an answer in one line, whether it is cut off, and why there is none.

    Control characters, marks that change the text direction and lone surrogates are left out. A text longer
    than ``LONGEST`` is cut after its last whole word before that length.
    """
    if answer.finish_reason in (*REFUSALS, REFUSED):
        return "", False, answer.finish_reason
    text = " ".join(UNSEEN.sub(" ", answer.content or "").split())
    kept = text
    if len(text) > LONGEST:
        kept = text[: LONGEST + 1].rpartition(" ")[0] or text[:LONGEST]
    return kept, answer.finish_reason == TRUNCATED or kept != text, "" if kept else EMPTY
