"""What every post must satisfy, whatever format it came from."""

from itertools import chain
from pathlib import Path

from mnerflow.data.post import Post
from mnerflow.data.tags import is_tag
from mnerflow.errors import UserError
from mnerflow.files import inside

MAX_TOKENS = 10_000


def check_post(post: Post, path: Path, line: int, first_token_line: int | None = None) -> Post:
    """Return ``post`` when it is well-formed.

    Raises ``UserError`` naming ``path``, ``line`` and id for an empty id or post, more than
    ``MAX_TOKENS`` tokens, labels and tokens of different number, an empty token, a tag that is not
    IOB2, text that is not Unicode, or an image outside the image folder. ``first_token_line`` says
    that the tokens stand on lines of their own, so that a token's error names its line.
    """
    place = f"{path}:{line}: post {post.id!r}"
    if not post.id:
        raise UserError(f"{path}:{line}: a post without an id. Give every post an id of its own.")
    if not post.tokens:
        raise UserError(f"{place} has no tokens. Remove the post or give it a text.")
    if len(post.tokens) > MAX_TOKENS:
        raise UserError(
            f"{place} has {len(post.tokens)} tokens, more than {MAX_TOKENS}. "
            "Divide the text; in CoNLL files an empty line ends a post."
        )
    if len(post.tokens) != len(post.labels):
        raise UserError(
            f"{place} has {len(post.tokens)} tokens and {len(post.labels)} labels. "
            "Give every token one label."
        )
    for index, (token, tag) in enumerate(zip(post.tokens, post.labels, strict=True)):
        if token and is_tag(tag):
            continue
        at = f"{place}, token {index + 1}"
        if first_token_line is not None:
            at = f"{path}:{first_token_line + index}: post {post.id!r}"
        if not token:
            raise UserError(f"{at}: an empty token. Remove it together with its label.")
        raise UserError(f"{at}: the label {tag!r} is not IOB2. Write O, B-TYPE or I-TYPE.")
    for name in post.images:
        try:
            inside("images", name)
        except UserError as error:
            raise UserError(f"{place}: the image {error}") from error
    try:
        words = (post.id, *post.tokens, *post.labels, *post.images, *chain(*post.contexts.items()))
        "".join((*words, post.group, post.language)).encode()
    except UnicodeEncodeError as error:
        raise UserError(
            f"{place}: {error.object[error.start]!a} is half a surrogate pair, not a character. "
            "Write the whole character."
        ) from error
    return post
