"""Checks for every post, whatever format it came from."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path

from mnerflow.data.post import Post
from mnerflow.data.schemes import AS_IT_IS, NotInScheme, ReadAs, to_iob2
from mnerflow.data.tags import is_tag
from mnerflow.errors import UserError, quantity
from mnerflow.files.paths import inside

MAX_TOKENS = 10_000


@contextmanager
def whole_characters(place: str) -> Iterator[None]:
    """Raise ``UserError`` naming ``place`` for half a surrogate pair, which cannot be encoded."""
    try:
        yield
    except UnicodeEncodeError as error:
        raise UserError(
            f"{place}: {error.object[error.start]!a} is half a surrogate pair, not a character. "
            "Write the whole character."
        ) from error


def check_post(
    post: Post,
    path: Path,
    line: int,
    line_of_token: Callable[[int], int] | None = None,
    scheme: ReadAs | None = None,
) -> None:
    """Convert the labels of a post from ``scheme`` to IOB2, and check that the post is well-formed.

    Raises ``UserError`` naming ``path``, ``line`` and id for an empty id, more than ``MAX_TOKENS`` tokens,
    different numbers of labels and tokens, an empty token, a tag that does not belong to the scheme, text
    that is not Unicode, or an image outside the image folder. ``line_of_token`` gives the line of a token by
    its index, if tokens have lines of their own.
    """
    place = f"{path}:{line}: post {post.id!r}"
    if not post.id:
        raise UserError(f"{path}:{line}: a post without an id. Give every post an id of its own.")
    if len(post.tokens) > MAX_TOKENS:
        raise UserError(
            f"{place} has {quantity(len(post.tokens), 'token')}, more than {MAX_TOKENS:,}. "
            "Divide the text; in CoNLL files an empty line ends a post."
        )
    if len(post.tokens) != len(post.labels):
        raise UserError(
            f"{place} has {quantity(len(post.tokens), 'token')} and {quantity(len(post.labels), 'label')}. "
            "Give every token one label."
        )

    def place_of(index: int) -> str:
        if line_of_token is None:
            return f"{place}, token {index + 1}"
        return f"{path}:{line_of_token(index)}: post {post.id!r}"

    if "" in post.tokens:
        raise UserError(
            f"{place_of(post.tokens.index(''))}: an empty token. Remove it together with its label."
        )
    _convert(post, scheme, place_of)
    for name in post.images:
        try:
            inside("images", name)
        except UserError as error:
            raise UserError(f"{place}: the image {error}") from error
    with whole_characters(place):
        words = (post.id, *post.tokens, *post.labels, *post.images, *chain(*post.contexts.items()))
        "".join((*words, post.group, post.language)).encode()


def _convert(post: Post, scheme: ReadAs | None, place_of: Callable[[int], str]) -> None:
    if scheme == AS_IT_IS:
        return
    try:
        labels = to_iob2(post.labels, scheme) if scheme else ["_".join(tag.split(" ")) for tag in post.labels]
    except NotInScheme as error:
        raise UserError(
            f"{place_of(error.index)}: the label {post.labels[error.index]!r} is not {str(scheme).upper()}. "
            "Mend it, or name another scheme."
        ) from error
    for index, tag in enumerate(labels):
        if not is_tag(tag):
            raise UserError(
                f"{place_of(index)}: the label {post.labels[index]!r} is not IOB2. Write O, B-TYPE or "
                "I-TYPE, or name the `scheme` of the tags."
            )
    post.labels = labels
