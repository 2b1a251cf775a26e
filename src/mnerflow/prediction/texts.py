"""Input formats of new texts: lines, documents, JSON, files of data sets, texts beside pictures."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from mnerflow.data.config import TokenizerName
from mnerflow.data.formats import (
    conll,
    format_of,
    holds_images,
    jsonl,
    label_studio,
    parse_untagged,
    spans,
    write_images,
)
from mnerflow.data.formats._check import MAX_TOKENS, check_post, whole_characters
from mnerflow.data.formats._objects import entries, object_of
from mnerflow.data.offsets import Offsets
from mnerflow.data.post import IMAGE_SUFFIXES, Post
from mnerflow.data.suffixes import COLUMNS, FOREIGN, JSON, TABLES
from mnerflow.data.tags import OUTSIDE
from mnerflow.data.tokenizers import sentences, tokenize
from mnerflow.errors import UserError, listed, quantity
from mnerflow.files.json_text import json_object
from mnerflow.files.reading import read_text, stream_lines
from mnerflow.log import logger

WORDS = ("conll", "conllu", "hipe", "webanno", "hugging_face")  # formats whose posts are cut into words
FORMS = ("text", "jsonl", "spans", "label_studio", *WORDS)
ENDINGS = {"text": (".txt",), "jsonl": JSON, "conll": COLUMNS, "hugging_face": TABLES}
FORM_OF = {ending: form for form, endings in ENDINGS.items() for ending in endings}
ADDRESSES = ("http://", "https://")  # prefixes of images that are fetched


@dataclass(slots=True)
class Text:
    """A text whose names are to be found.

    Attributes:
        id: identifier of the text.
        text: the text itself.
        sentences: character offsets of its words, sentence by sentence; one sentence if it is no document.
        images: folder and file of each of its images; a file may be an address.
        contexts: further texts, by the name of the context.
        place: name of the text in messages, such as ``posts.jsonl:3``.
        crops: images of each sentence, if sentences are lines of a page whose scan is its image.
        numbered: whether ``id`` is only the number of its line, or the name of its file without the folder.
    """

    id: str
    text: str
    sentences: list[list[Offsets]]
    images: list[tuple[Path, str]] = field(default_factory=list)
    contexts: dict[str, str] = field(default_factory=dict)
    place: str = ""
    crops: list[list[tuple[Path, str]]] = field(default_factory=list)
    numbered: bool = False

    @property
    def shown(self) -> list[list[tuple[Path, str]]]:
        """The images that are shown with each sentence."""
        return self.crops or [self.images] * len(self.sentences)


@dataclass(frozen=True)
class Cutter:
    """Cuts raw text into words, and a document first into sentences by the rules of a language."""

    tokenizer: TokenizerName = "words"
    language: str = "en"
    document: bool = False

    def __call__(self, text: str, place: str) -> list[list[Offsets]]:
        """Offsets of the words of ``text``, one list per sentence; raises ``UserError`` for too many words.

        Also raises ``UserError`` for half a surrogate pair. ``place`` names the text in messages.
        """
        with whole_characters(place):
            text.encode()
        parts = sentences(text, self.language) if self.document else [(0, len(text))]
        cut = []
        for first, last in parts:
            words = tokenize(text[first:last], self.tokenizer, self.language)
            if len(words) > MAX_TOKENS:
                raise UserError(
                    f"{place}: {quantity(len(words), 'word')}, more than {MAX_TOKENS:,}, without an end of a "
                    f"sentence. Divide the text{'' if self.document else ', or read it with --document'}."
                )
            if words:
                cut.append([(first + start, first + end) for start, end in words])
        return cut


def join_words(tokens: Iterable[str]) -> tuple[str, list[Offsets]]:
    """Join words by spaces; returns the text and the words' offsets in it."""
    text = ""
    spans: list[Offsets] = []
    for token in tokens:
        start = len(text) + (1 if spans else 0)
        text = f"{text} {token}" if spans else token
        spans.append((start, start + len(token)))
    return text, spans


def of_lines(file: BinaryIO, name: str, cut: Cutter) -> Iterator[Text]:
    """Yield one text per line, empty lines included, or one document if the cutter cuts documents."""
    if cut.document:
        text = "\n".join(line for _, line in stream_lines(file, name))
        yield Text(name, text, cut(text, name), place=name)
        return
    for number, line in stream_lines(file, name):
        place = f"{name}:{number}"
        yield Text(str(number), line, cut(line, place), place=place, numbered=True)


def form_of(path: Path) -> str:
    """The kind of a file or a folder: one of ``FORMS``, ``folder`` or ``pages``.

    It is recognized by its beginning, like the files of data sets, or else by its ending. A ``.txt`` file is
    read as tokens only if it has a column of tags, or a beginning that no text has. Raises ``UserError`` for
    a suffix in ``FOREIGN``.
    """
    ending = FORM_OF.get(path.suffix.lower(), "text")
    if path.suffix.lower() in FOREIGN and not path.is_dir():
        raise UserError(
            f"{path}: files like this are not read. Write its texts into a .txt file, one per line, or as "
            "JSON lines; a page in XML is read with its folder. `--read text` takes its lines as they are."
        )
    if not path.is_dir() and not path.is_file():
        return ending  # a pipe, which can be read only once
    found = format_of(path)
    if path.is_dir():
        return "pages" if found == "page_xml" else found if found in WORDS else "folder"
    if found == "umt":
        return "conll"  # which also reads the heads of posts
    if found == "conll" and ending == "text":
        return found if conll.table_of(path).tags else ending
    if found == "hugging_face" and ending == "jsonl":  # lines of JSON whose tags are not read anyway
        return ending
    return found if found in WORDS or (found in FORMS and ending == "jsonl") else ending


def of_file(path: Path, form: str, cut: Cutter, images: Path, scratch: Path | None) -> Iterator[Text]:
    """Yield the texts of a file or folder whose ``form`` is not plain text.

    ``images`` is the folder of the images that posts name. Images inside the file are written to ``scratch``,
    if that is given.
    """
    if form in WORDS:
        if scratch and holds_images(form, [path]):
            write_images(form, [path], scratch)
            images = scratch
        for place, post in parse_untagged(form, path):
            text, words = join_words(post.tokens)
            shown = [(images, image) for image in post.images]
            yield Text(post.id, text, [words] if words else [], shown, post.contexts, place)
        return
    for number, entry in entries(path):
        place = f"{path}:{number}"
        if form == "label_studio":
            page = label_studio.plain(path, number, object_of(entry, place))
            shown = [(images, image) for image in page.images]
            yield Text(page.name, page.text, cut(page.text, place), shown, place=place)
        else:
            record = spans.plain(entry, place) if form == "spans" else object_of(entry, place)
            yield of_record(record, path, number, cut, images)


def of_json_lines(file: BinaryIO, name: str, cut: Cutter, images: Path) -> Iterator[Text]:
    """Yield one post per line, with ``text`` or ``tokens``; ``images`` is the folder of named images."""
    for number, line in stream_lines(file, name):
        if line.strip():
            yield of_record(json_object(line, f"{name}:{number}"), Path(name), number, cut, images)


def of_record(record: dict[str, Any], file: Path, line: int, cut: Cutter, images: Path) -> Text:
    """Read the object of a post: ``text`` or ``tokens``, and optional ``images``, ``contexts`` and ``id``.

    If there are both ``text`` and ``tokens``, the words are located in the text. Raises ``UserError`` naming
    ``file`` and ``line`` for a field that is missing, misspelt or of the wrong type.
    """
    place = f"{file}:{line}"
    given, tokens = _text_and_tokens(record, place)
    text = given or ""
    post = _checked_post(record, tokens or [], file, line)
    if tokens is None:
        cut_text = cut(text, place)
    else:
        text, spans = join_words(tokens) if given is None else (text, _found(tokens, text, place))
        cut_text = [spans] if spans else []
    shown = [(images, name) for name in post.images]
    return Text(post.id, text, cut_text, shown, post.contexts, place, numbered="id" not in record)


def _text_and_tokens(record: dict[str, Any], place: str) -> tuple[str | None, Any]:
    """The text and the words of a post, ``None`` if not given; words may also be given as ``text``."""
    text, tokens = record.get("text"), record.get("tokens")
    if tokens is None and isinstance(text, list):
        text, tokens = None, text
    if text is None and tokens is None:
        raise UserError(f"{place}: neither 'text' nor 'tokens'. Add one of the two.")
    if not isinstance(text, str | None) or not isinstance(tokens, list | None):
        raise UserError(f"{place}: 'text' is to be a string, 'tokens' a list of strings. Correct the field.")
    return text, tokens


def _checked_post(record: dict[str, Any], tokens: list[Any], file: Path, line: int) -> Post:
    """The post with these tokens, checked like the posts of data sets."""
    fields = {name: value for name, value in record.items() if name not in ("label", "labels", "text")}
    fields = {"id": line} | fields | {"tokens": tokens, "labels": [OUTSIDE] * len(tokens)}
    post = jsonl.from_record(file, line, fields)
    check_post(post, file, line)
    return post


def of_folder(folder: Path, cut: Cutter) -> Iterator[Text]:
    """Yield one text per ``.txt`` file, with the picture of the same name as its image.

    Hidden files are left out. A warning names the pictures without a text. Raises ``UserError`` if there is
    no ``.txt`` file.
    """
    files = sorted(file for file in folder.glob("[!.]*") if file.is_file())
    pictures = {file.stem: file.name for file in files if file.suffix.lower() in IMAGE_SUFFIXES}
    texts = [file for file in files if file.suffix.lower() == ".txt"]
    if not texts:
        raise UserError(f"{folder}: not one .txt file. Put texts there, each beside a picture of its name.")
    if lonely := sorted(pictures.keys() - {file.stem for file in texts}):
        names = listed(pictures[stem] for stem in lonely)
        logger.warning("%s: pictures without a text of their name: %d (%s)", folder, len(lonely), names)
    for file in texts:
        text = read_text(file).removesuffix("\n")
        shown = [(folder, pictures[file.stem])] if file.stem in pictures else []
        yield Text(file.stem, text, cut(text, str(file)), shown, place=str(file), numbered=True)


def of_pages(folder: Path, cut: Cutter, crops: Path | None) -> Iterator[Text]:
    """Yield one text per page of PAGE or ALTO XML, with one sentence per line; its image is the scan.

    The lines' crops are written to ``crops``, if that is given. A page without text is left out and logged.
    """
    from mnerflow.data.pages.crops import crop_name, cut_lines  # needs Pillow, which texts alone do without
    from mnerflow.data.pages.page import log_gaps, read_pages

    pages = read_pages(folder)
    log_gaps(folder, pages)
    for page in (page for page in pages if page.lines):
        shown = {line.id for line in page.lines if crops and page.scan and line.box}
        if crops and shown:
            cut_lines(page, shown, crops)
        text = Text(page.name, page.text, [], place=str(page.file))
        text.images = [(page.scan.parent, page.scan.name)] if page.scan else []
        offset = 0
        for line in page.lines:
            for words in cut(line.text, f"{page.file}: line {line.id}"):
                text.sentences.append([(offset + start, offset + end) for start, end in words])
                crop = crop_name(page.name, line.id)
                text.crops.append([(crops, crop)] if crops and line.id in shown else [])
            offset += len(line.text) + 1
        yield text


def _found(tokens: Iterable[str], text: str, place: str) -> list[Offsets]:
    spans, end = [], 0
    for token in tokens:
        start = text.find(token, end)
        if start < 0:
            raise UserError(
                f"{place}: the word {token!r} is not in the text from character {end} on. Correct 'tokens', "
                "or leave one of 'tokens' and 'text' out."
            )
        end = start + len(token)
        spans.append((start, end))
    return spans
