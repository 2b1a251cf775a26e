"""The prompt of a rival, which asks for the entities of a post after examples with gold answers."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from mnerflow.data.post import Post
from mnerflow.data.tags import spans
from mnerflow.llm.answer import write_answer
from mnerflow.llm.prompt import TEXT, Message, Prompt, asking, text_of


class RivalPrompt(Prompt):
    """A prompt that may use ``types`` (the entity types), ``image`` (whether posts are shown with their
    images) and, in the question, ``text``.

    ``posts`` are the posts that ``messages`` will ask about or show as examples. Raises ``UserError`` as
    ``Prompt`` does.
    """

    def __init__(
        self, path: Path, entity_types: Sequence[str], image: bool, posts: Iterable[Post] = ()
    ) -> None:
        texts = [*dict.fromkeys(map(text_of, posts))]
        super().__init__(
            path, {"types": list(entity_types), "image": image}, [{TEXT: text} for text in texts]
        )
        self._question = dict(zip(texts, self.questions, strict=True))

    def messages(
        self, post: Post, pictures: Sequence[Message], examples: Sequence[tuple[Post, Sequence[Message]]]
    ) -> list[Message]:
        """The chat about a post: the instruction, each example with its gold answer, the question.

        ``pictures`` are the message parts that show the post's images (``mnerflow.llm.picture``).
        """
        turns = []
        for example, shown in examples:
            turns.append(asking(self._question[text_of(example)], shown))
            turns.append({"role": "assistant", "content": gold_answer(example)})
        return self.chat(*turns, asking(self._question[text_of(post)], pictures))


def gold_answer(post: Post) -> str:
    """The answer that lists all entities of a post, in the words that a model sees."""
    tokens, labels = ([each[index] for index in post.kept] for each in (post.tokens, post.labels))
    return write_answer(tokens, spans(labels))
