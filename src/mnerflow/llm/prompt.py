"""The prompt: a file that a reader can open and change, rendered into the messages of a chat."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from mnerflow.data.post import Post
from mnerflow.data.tags import spans
from mnerflow.errors import UserError
from mnerflow.files import read_text
from mnerflow.llm.answer import write_answer
from mnerflow.llm.template import TemplateFault, render

RULE = "\n---\n"
Message = dict[str, Any]


class Prompt:
    """A Jinja2 file: what the model is told once, a line ``---``, and what it is asked about each post.

    Without the line there is only the question. Both parts may use ``types`` (the entity types) and ``image``
    (whether posts are shown with their images), the question also ``text`` (the post's words with spaces
    between them). Whatever is in the file, it reads nothing else and changes nothing, see
    ``mnerflow.llm.template``.

    ``posts`` are those that ``messages`` will ask about or show. Raises ``UserError`` naming the file and its
    line when it is missing, not well-formed, uses another variable, takes too long, or never shows the text.
    """

    def __init__(
        self, path: Path, entity_types: Sequence[str], image: bool, posts: Iterable[Post] = ()
    ) -> None:
        told, rule, question = f"\n{read_text(path)}".partition(RULE)
        if not rule:
            told, question = "", told
        given = {"types": list(entity_types), "image": image}
        texts = ["\N{SNOWMAN}", *dict.fromkeys(map(text_of, posts))]
        try:
            [[instruction], questions] = render(
                [(told, [given]), (question, [given | {"text": text} for text in texts])]
            )
        except TemplateFault as fault:
            # Before the first line of the file stands an empty one.
            before = -1 if not (rule and fault.source) else told.count("\n") + 1
            line = "" if fault.line is None else f":{max(1, fault.line + before)}"
            raise UserError(
                f"{path}{line}: not a prompt ({fault}). It may use types, image and, in the question, text."
            ) from fault
        self.instruction = instruction.strip()
        self._questions = {text: asked.strip() for text, asked in zip(texts, questions, strict=True)}
        if "\N{SNOWMAN}" not in self._questions["\N{SNOWMAN}"]:
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
        text = self._questions[text_of(post)]
        if not pictures:
            return {"role": "user", "content": text}
        return {"role": "user", "content": [{"type": "text", "text": text}, *pictures]}


def text_of(post: Post) -> str:
    """The words of a post that a model sees, with spaces between them."""
    return " ".join(post.tokens[index] for index in post.kept)


def gold_answer(post: Post) -> str:
    """The answer that finds all entities of a post, in the words that a model sees."""
    tokens, labels = ([each[index] for index in post.kept] for each in (post.tokens, post.labels))
    return write_answer(tokens, spans(labels))
