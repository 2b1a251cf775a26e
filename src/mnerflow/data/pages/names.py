"""The names on pages: in their XML, in a Label Studio export next to it, or in a CoNLL file of its text."""

from collections.abc import Iterable, Iterator
from itertools import accumulate
from pathlib import Path, PurePosixPath
from shlex import quote

from mnerflow.data.formats import format_of, label_studio, parse
from mnerflow.data.formats._spans import longest, tokenized, trimmed
from mnerflow.data.offsets import Span
from mnerflow.data.pages.crops import check_scan, crops_of
from mnerflow.data.pages.layout import Line
from mnerflow.data.pages.page import Page, log_gaps, xml_files
from mnerflow.data.pages.stream import (
    Stream,
    characters,
    groups_of_pages,
    in_common,
    with_white_space,
    without_white_space,
)
from mnerflow.data.post import Post
from mnerflow.data.schemes import AS_IT_IS, scheme_of
from mnerflow.errors import UserError, listed, quantity
from mnerflow.log import logger

TABLES = ("conll", "conllu", "hipe")  # formats with one token and its tag per line
ENDINGS = (".json", ".conll", ".conllu", ".iob", ".iob2", ".bio", ".tsv")
SUGGEST = (
    "`mnerflow predict RUN {} --format label_studio` suggests some, to be corrected there: docs/pages.md "
    "says how to go on."
)


def companions(path: Path) -> list[Path]:
    """The files of names for pages: all those in a folder, or those with the same stem as a file."""
    near = path if path.is_dir() else path.parent
    files = sorted(file for file in near.iterdir() if file.is_file()) if near.is_dir() else []
    return [
        file for file in files if (path == near or file.stem == path.stem) and file.suffix.lower() in ENDINGS
    ]


def posts_of(path: Path, pages: list[Page]) -> list[Post]:
    """The posts of ``pages``, all those of a folder or a single one, with names and crops of lines.

    A post is a sentence of a CoNLL file, or else a line. Lines that share a name are one post, so no name is
    cut. Pages that a file of names does not mention are left out and listed. Raises ``UserError`` if no name
    is found, if there are names both in the XML and in a file, if a file's text is not that of the pages, and
    if a scan does not belong to its page.
    """
    log_gaps(path, pages)
    for page in pages:
        if page.scan:
            check_scan(page)
    in_xml, files = _named(path, pages)
    if in_xml:
        _log_uncovered(
            path, pages, in_xml, "pages without a name in their XML, which are read as having none"
        )
        return [post for page in pages for post in _of_lines(page, _in_xml(page), path)]
    posts: list[Post] = []
    named: dict[str, Path] = {}
    for file in files:
        found, read = _of_file(file, pages)
        for name in read:
            if name in named:
                raise UserError(f"{file}: the page {name} has its names in {named[name]} already. Keep one.")
            named[name] = file
        posts += found
    known = [page for page in pages if page.name in named]
    _log_uncovered(
        path, pages, known, f"pages of which {listed(file.name for file in files)} says nothing, left out"
    )
    return posts


def _named(path: Path, pages: list[Page]) -> tuple[list[Page], list[Path]]:
    """The pages with names in their XML, and the files of names.

    Raises ``UserError`` if there are both, or neither.
    """
    in_xml = [page for page in pages if any(line.names for line in page.lines)]
    files = companions(path)
    if in_xml and files:
        raise UserError(
            f"{path}: names stand in the XML, as in {in_xml[0].name}, and in {files[0].name}. Keep one."
        )
    if not in_xml and not files:
        lines = quantity(sum(len(page.lines) for page in pages), "line")
        raise UserError(
            f"{path}: {quantity(len(pages), 'page')} of {lines}, without names. "
            f"{SUGGEST.format(quote(str(path)))}"
        )
    return in_xml, files


def _log_uncovered(path: Path, pages: Iterable[Page], known: list[Page], what: str) -> None:
    left = [page.name for page in pages if page.lines and page not in known]
    if left:
        logger.warning("%s: %s: %d (%s)", path, what, len(left), listed(left))


def _of_file(file: Path, pages: list[Page]) -> tuple[list[Post], set[str]]:
    """The posts of a file of names, and the names of the pages that it covers."""
    found = format_of(file)
    if found == "label_studio":
        posts = [*_of_export(file, pages)]
    elif found in TABLES:
        posts = [*_of_sentences(file, found, pages)]
    else:
        raise UserError(
            f"{file}: no names in a form that is known. Export them from Label Studio as JSON, write a token "
            "and its tag a line, or put the file elsewhere."
        )
    return [post for post, _ in posts], {page for _, read in posts for page in read}


def _in_xml(page: Page) -> list[Span]:
    """The names of a page as spans of its text; names that continue across the end of a line are joined."""
    found: list[Span] = []
    before: dict[str, int] = {}  # the last names of the previous line, by what they share with their rest
    for line, offset in zip(page.lines, _starts(page.lines), strict=True):
        last = {}
        for name in sorted(line.names, key=lambda name: (name.start, -name.end)):
            start, end = offset + name.start, offset + name.end
            number = before.pop(name.joins, len(found))
            if number < len(found) and not any(map(str.isalnum, page.text[found[number][1] : start])):
                found[number] = (found[number][0], end, name.kind)
            else:
                number = len(found)
                found.append((start, end, name.kind))
            if name.joins:
                last[name.joins] = number
        before = last
    return found


def _starts(lines: Iterable[Line]) -> list[int]:
    """The offsets at which lines begin in the text of their page."""
    return [0, *accumulate(len(line.text) + 1 for line in lines)][:-1]


def _of_lines(page: Page, found: Iterable[Span], place: Path) -> Iterator[Post]:
    """Yield one post per line, or per group of lines that share a name."""
    where = f"{place}: {page.name}"
    chosen = longest([trimmed(span, page.text, where) for span in found], where)
    crossed = {
        offset for start, end, _ in chosen for offset in range(start, end) if page.text[offset] == "\n"
    }
    groups: list[list[tuple[int, Line]]] = []
    for offset, line in zip(_starts(page.lines), page.lines, strict=True):
        if offset - 1 in crossed:
            groups[-1].append((offset, line))
        else:
            groups.append([(offset, line)])
    for group in groups:
        (first, head), (offset, last) = group[0], group[-1]
        end = offset + len(last.text)
        inside = [(start - first, stop - first, kind) for start, stop, kind in chosen if first <= start < end]
        tokens, labels = tokenized(page.text[first:end], inside, f"{where}, line {head.id}")
        images = crops_of((page, line) for _, line in group)
        yield Post(f"{page.name}-{head.id}", tokens, labels, images, group=page.name)


def _called(name: str, pages: list[Page], place: str) -> Page:
    """The page with a given name: its own name, the stem of its file, or that of its scan."""
    found = [
        page
        for page in pages
        if name
        in (page.name, page.file.stem, page.file.stem.removesuffix("_page"), page.scan and page.scan.stem)
    ]
    if len(found) != 1:
        raise UserError(
            f"{place}: pages called {name!r}: {len(found)}, where one is expected; there are "
            f"{listed(page.file.stem for page in pages)}. Name the page in the task's data, as `page_name` "
            "or as the file of its `image`."
        )
    return found[0]


def _of_export(file: Path, pages: list[Page]) -> Iterator[tuple[Post, list[str]]]:
    for number, record in label_studio.records(file):
        annotated = label_studio.annotated(file, number, record)
        named = [annotated.name, *(PurePosixPath(image).stem for image in annotated.images)]
        page = _called(
            named[0] if "page_name" in record.get("data", record) else named[-1], pages, annotated.place
        )
        if characters(annotated.text) != (stream := characters(page.text)):
            same = in_common(characters(annotated.text), stream)
            raise UserError(
                f"{annotated.place}: its text is not that of the page's lines, from "
                f"{stream[same : same + 40]!r} on. Take text and XML of one state of the transcription."
            )
        moved = with_white_space(page.text, without_white_space(annotated.text, annotated.spans))
        for post in _of_lines(page, moved, file):
            yield post, [page.name]


def _of_sentences(file: Path, form: str, pages: list[Page]) -> Iterator[tuple[Post, list[str]]]:
    as_they_are = [post.labels for post in parse(form, file, scheme=AS_IT_IS)]
    posts = parse(form, file, scheme=scheme_of(as_they_are))
    texts = ["".join(map(characters, post.tokens)) for post in posts]
    ordered = _in_order_of("".join(texts), pages, file)
    stream = Stream.of(((page, line), line.text) for page in ordered for line in page.lines)
    found, start = [], 0
    for post, text in zip(posts, texts, strict=True):
        if not text:
            raise UserError(f"{file}: post {post.id!r} is white space alone, which no page has. Remove it.")
        found.append((post, stream.between(start, start + len(text))))
        start += len(text)
    groups = groups_of_pages([list(dict.fromkeys(page.name for page, _ in lines)) for _, lines in found])
    for post, lines in found:
        post.images, post.group = crops_of(lines), groups[lines[0][0].name]
        yield post, [page.name for page, _ in lines]


def _in_order_of(text: str, pages: list[Page], file: Path) -> list[Page]:
    """The pages that make up a stream of characters, in order; each must occur in it as a whole."""
    left = {page.name: (page, characters(page.text)) for page in pages if page.lines}
    ordered, start = [], 0
    while start < len(text):
        found = next(
            ((page, content) for page, content in left.values() if text.startswith(content, start)), None
        )
        if found is None:
            alike = [
                (in_common(content, text[start : start + len(content)]), page, content)
                for page, content in left.values()
            ]
            same, near, content = max(alike, key=lambda found: found[0], default=(0, None, ""))
            where = f"; {near.name} continues with {content[same : same + 40]!r}" if near and same else ""
            raise UserError(
                f"{file}: {text[start + same : start + same + 40]!r} is the text of no page that is "
                f"left{where}. Take text and XML of one state of the transcription, and whole pages."
            )
        page, content = found
        ordered.append(page)
        start += len(content)
        del left[page.name]
    return ordered


def page_files(path: Path) -> list[Path]:
    """The files that the posts of ``path`` are read from: XML, names, and texts that an export links to."""
    files = companions(path)
    exports = [file for file in files if file.suffix.lower() == ".json"]
    return [*xml_files(path), *files, *(text for file in exports for text in label_studio.companions(file))]
