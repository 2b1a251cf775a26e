"""The prompt: a file that a reader can open and change, rendered into the messages of a chat."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined, TemplateError

from mnerflow.data.post import Post
from mnerflow.data.tags import spans
from mnerflow.errors import UserError
from mnerflow.files import read_text
from mnerflow.llm.answer import write_answer

RULE = "\n---\n"
Message = dict[str, Any]


class Prompt:
    """A Jinja2 file: what the model is told once, a line ``---``, and what it is asked about each post.

    Without the line there is only the question. Both parts may use ``types`` (the entity types) and ``image``
    (whether posts are shown with their images), the question also ``text`` (the post's words with spaces
    between them). Raises ``UserError`` naming the file when it is missing, not well-formed, uses another
    variable, or never shows the text.
    """

    def __init__(self, path: Path, entity_types: Sequence[str], image: bool) -> None:
        self._path = path
        told, rule, question = f"\n{read_text(path)}".partition(RULE)
        if not rule:
            told, question = "", told
        environment = Environment(undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
        try:
            given = {"types": list(entity_types), "image": image}
            self.instruction = environment.from_string(told).render(given).strip()
            self._question = environment.from_string(question, globals=given)
        except TemplateError as error:
            raise self._malformed(error) from error
        if "\N{SNOWMAN}" not in self._ask("\N{SNOWMAN}"):
            raise UserError(
                f"{path}: the question never shows the text. Write {{{{ text }}}} where it belongs."
            )

    def messages(
        self, post: Post, pictures: Sequence[Message], examples: Sequence[tuple[Post, Sequence[Message]]]
    ) -> list[Message]:
        """The chat about a post: the instruction, each example with its gold answer, the question.

        ``pictures`` are the parts of a message that show its images (``mnerflow.llm.picture``).
        """
        chat = [{"role": "system", "content": self.instruction}] if self.instruction else []
        for example, shown in examples:
            chat.append(self._question_about(example, shown))
            chat.append({"role": "assistant", "content": gold_answer(example)})
        return [*chat, self._question_about(post, pictures)]

    def _question_about(self, post: Post, pictures: Sequence[Message]) -> Message:
        text = self._ask(text_of(post))
        if not pictures:
            return {"role": "user", "content": text}
        return {"role": "user", "content": [{"type": "text", "text": text}, *pictures]}

    def _ask(self, text: str) -> str:
        try:
            return self._question.render(text=text).strip()
        except TemplateError as error:
            raise self._malformed(error) from error

    def _malformed(self, error: TemplateError) -> UserError:
        return UserError(
            f"{self._path}: not a prompt ({error}). It may use types, image and, in the question, text."
        )


def text_of(post: Post) -> str:
    """The words of a post that a model sees, with spaces between them."""
    return " ".join(post.tokens[index] for index in post.kept)


def gold_answer(post: Post) -> str:
    """The answer that finds all entities of a post, in the words that a model sees."""
    tokens, labels = ([each[index] for index in post.kept] for each in (post.tokens, post.labels))
    return write_answer(tokens, spans(labels))
