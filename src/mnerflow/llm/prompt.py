"""The prompt: a file that users can read and change, rendered into the messages of a chat."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mnerflow.data.post import Post
from mnerflow.errors import UserError, listed
from mnerflow.files.reading import read_text
from mnerflow.llm.template import TemplateFault, render

RULE = "\n---\n"
TEXT = "text"
MARK = "\N{SNOWMAN}"  # a text that no prompt contains by itself
Message = dict[str, Any]


class Prompt:
    """A Jinja2 file: an instruction to the model, a line ``---``, and the question about each post.

    Without the line, the whole file is the question. Both parts may use the values ``given``; the question
    may also use those of its post. Whatever the file contains, it reads nothing else and changes nothing, see
    ``mnerflow.llm.template``.

    Args:
        path: the file.
        given: values by name.
        asked: values of each question, which override those ``given``.
        shows_text: whether questions have a ``text``, which the file must then show.

    Attributes:
        instruction: the instruction, which is empty if the file has no line ``---``.
        questions: the questions, in the order of ``asked``.

    Raises:
        UserError: naming the file and its line when the file is missing or not well-formed, uses another
            variable, takes too long, or never shows the text.
    """

    def __init__(
        self,
        path: Path,
        given: Mapping[str, Any],
        asked: Sequence[Mapping[str, Any]] = (),
        *,
        shows_text: bool = True,
    ) -> None:
        told, rule, question = f"\n{read_text(path)}".partition(RULE)
        if not rule:
            told, question = "", told
        trial = {TEXT: MARK} if shows_text else {}
        try:
            [[instruction], [tried, *questions]] = render(
                [(told, [{**given}]), (question, [{**given, **values} for values in (trial, *asked)])]
            )
        except TemplateFault as fault:
            # An empty line was put before the first line of the file.
            before = -1 if not (rule and fault.source) else told.count("\n") + 1
            line = "" if fault.line is None else f":{max(1, fault.line + before)}"
            its = f" and, in the question, {TEXT}" if shows_text else ""
            raise UserError(
                f"{path}{line}: not a prompt ({fault}). It may use {listed(given)}{its}."
            ) from fault
        if shows_text and MARK not in tried:
            raise UserError(
                f"{path}: the question never shows the text. Write {{{{ text }}}} where it belongs."
            )
        self.instruction = instruction.strip()
        self.questions = [asked.strip() for asked in questions]

    def chat(self, *turns: Message) -> list[Message]:
        """The messages of a chat: the instruction, if there is one, and the ``turns``."""
        return [*([{"role": "system", "content": self.instruction}] if self.instruction else []), *turns]


def asking(question: str, pictures: Sequence[Message] = ()) -> Message:
    """The message of a question, with the parts that show its images (``mnerflow.llm.picture``)."""
    if not pictures:
        return {"role": "user", "content": question}
    return {"role": "user", "content": [{"type": "text", "text": question}, *pictures]}


def text_of(post: Post) -> str:
    """The words of a post that a model sees, joined by spaces."""
    return " ".join(post.tokens[index] for index in post.kept)
