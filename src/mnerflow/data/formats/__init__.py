"""Source formats: one module each, found by its name.

A format's module offers ``records(path)``, which yields ``(line number, record)`` for every post of
a file, and ``to_post(path, line, record)``, which turns one into a checked ``Post``. Both raise
``UserError`` naming file and line. ``beside(path)``, if there is one, names the files that are read besides.
``CONTEXTS = True`` says that posts may bring contexts. ``looks_like(start)``, given the first characters of a
file, tells whether they are of the format; ``format_of`` asks the modules of ``TOLD`` in their order.
"""

from pathlib import Path

from mnerflow.data.post import Post
from mnerflow.errors import UserError
from mnerflow.files import reading
from mnerflow.registry import load

TOLD = ("umt", "label_studio", "jsonl", "conll")  # whose files may look alike: the narrower one first
START = 2**16  # bytes


def format_of(path: Path) -> str:
    """The format that a file begins in; nothing of an empty file, or of one that no format knows."""
    with reading(path), path.open("rb") as file:
        start = file.read(START).decode("utf-8", "replace").removeprefix("\ufeff").lstrip("\n\r ")
    known = (name for name in TOLD if load("data.formats", name, "format").looks_like(start))
    return next(known, "") if start else ""


def parse(name: str, path: str | Path, problems: list[UserError] | None = None) -> list[Post]:
    """Read every post of ``path``, tags as annotated, ids unique within the file.

    Raises ``UserError`` at the first malformed post; where ``problems`` is given, the errors go
    there instead and the malformed posts are left out.
    """
    return [post for _, post in parse_lines(name, path, problems)]


def parse_lines(
    name: str, path: str | Path, problems: list[UserError] | None = None
) -> list[tuple[int, Post]]:
    """As ``parse``, with the number of the line on which each post begins."""
    source, path = load("data.formats", name, "format"), Path(path)
    posts: list[tuple[int, Post]] = []
    lines: dict[str, int] = {}
    records = source.records(path)
    while True:
        try:
            line, record = next(records)
            post = source.to_post(path, line, record)
            if post.id in lines:
                raise UserError(
                    f"{path}:{line}: the id {post.id!r} stands at line {lines[post.id]} already. "
                    "Give every post an id of its own."
                )
        except StopIteration:
            return posts
        except UserError as error:
            if problems is None:
                raise
            problems.append(error)
        else:
            lines[post.id] = line
            posts.append((line, post))


def read_beside(name: str, path: str | Path) -> list[Path]:
    """The files that are read besides ``path``, such as texts that its posts link to."""
    beside = getattr(load("data.formats", name, "format"), "beside", None)
    return beside(Path(path)) if beside else []


def brings_contexts(name: str) -> bool:
    """Whether posts of a format may bring contexts themselves."""
    return getattr(load("data.formats", name, "format"), "CONTEXTS", False)
