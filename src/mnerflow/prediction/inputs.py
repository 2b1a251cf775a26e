"""The inputs of ``mnerflow predict``: texts, files, folders and standard input."""

import os
import re
import shutil
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from mnerflow.data.suffixes import FOREIGN
from mnerflow.errors import UserError
from mnerflow.files.reading import BOM, reading
from mnerflow.files.writing import writing
from mnerflow.prediction.texts import (
    ADDRESSES,
    FORM_OF,
    Cutter,
    Text,
    form_of,
    of_file,
    of_folder,
    of_json_lines,
    of_lines,
    of_pages,
)

STDIN, STDIN_NAME = "-", "stdin"
JSON, LIST = re.compile(rb'\[?\s*\{\s*("|$)|\[\s*$'), re.compile(rb"\[")
STREAMED = ("text", "jsonl")  # read line by line
WHICH_TEXT = (
    "--image: of which text? Give one text alone, or name images in JSON lines, or put each beside its text "
    "into a folder."
)


@dataclass(frozen=True)
class Input:
    """What is read, and its ``kind``.

    The kind is one of ``FORMS``, ``literal`` for a text itself, ``folder`` or ``pages`` for a folder, and
    ``stdin`` for standard input whose form is not given.
    """

    name: str
    kind: str

    @classmethod
    def of(cls, name: str, form: str | None) -> "Input":
        """Tell what ``name`` is; ``form`` says how to read standard input and files.

        Raises ``UserError`` for a file that does not exist.
        """
        if name == STDIN:
            return cls(name, form or "stdin")
        path, ending = Path(name), Path(name).suffix.lower()
        try:
            exists = bool(name) and path.exists()
        except (OSError, ValueError):  # a text: it is too long for a file name, or contains a NUL
            exists = False
        if exists:
            return cls(name, form_of(path) if path.is_dir() or not form else form)
        if (ending in (*FORM_OF, *FOREIGN) or os.sep in name) and not any(sign.isspace() for sign in name):
            raise UserError(
                f"{name}: no such file or folder. Correct the path; what has a blank in it is read as a text."
            )
        return cls(name, "literal")

    def check_target(self, to: Path) -> None:
        """Raise ``UserError`` if writing to the file ``to`` would change what is read."""
        if self.kind == "literal":
            return
        path = Path("/dev/stdin" if self.name == STDIN else self.name)
        with writing(to):
            if to.is_file() and path.exists() and to.samefile(path):
                raise UserError(f"{to}: would be lost, as it is read. Name another file with --to.")
            if path.is_dir() and Path(os.path.realpath(to)).is_relative_to(os.path.realpath(path)):
                raise UserError(f"{to}: lies in {path}, which is read. Name a file elsewhere with --to.")


@dataclass(frozen=True)
class InputReader:
    """Reads the texts of inputs.

    Attributes:
        cut: cuts raw text into words.
        scratch: folder for temporary files.
        images: folder of the images that posts name; ``None`` for ``images`` next to each file.
        shown: files or addresses of the images of the only text.
        sees: whether images inside an input are written to files, because the run sees images.
    """

    cut: Cutter
    scratch: Path
    images: Path | None = None
    shown: list[str] = field(default_factory=list)
    sees: bool = False

    def texts(self, inputs: Sequence[Input]) -> Iterator[Text]:
        """Yield the texts of all inputs; of several files, a text without an id is named by file and line.

        Raises ``UserError`` if images are ``shown`` with several texts.
        """
        images = [(Path(), one) if one.startswith(ADDRESSES) else _parts(one) for one in self.shown]
        for number, given in enumerate(inputs, start=1):
            for before, text in enumerate(self._texts_of(given, number)):
                if images and before:  # JSON lines from standard input
                    raise UserError(WHICH_TEXT)
                if images:
                    text.images = images
                if text.numbered and len(inputs) > 1:
                    text.id = text.place
                yield text

    def _texts_of(self, given: Input, number: int) -> Iterable[Text]:
        path = Path(given.name)
        pictures = self.scratch / f"images{number}" if self.sees else None
        if given.kind == "literal":
            place = f"text {number}"
            return [Text(str(number), given.name, self.cut(given.name, place), place=place)]
        if given.kind == "folder":
            return of_folder(path, self.cut)
        if given.kind == "pages":
            return of_pages(path, self.cut, pictures)
        if given.name == STDIN:
            return self._of_stream(sys.stdin.buffer, STDIN_NAME, given.kind, self.images or Path("images"))
        images = self.images or path.parent / "images"
        if path.is_dir() or (path.is_file() and given.kind not in STREAMED):
            return of_file(path, given.kind, self.cut, images, pictures)
        return self._of_opened(path, given.kind, images)

    def _of_opened(self, path: Path, kind: str, images: Path) -> Iterator[Text]:
        with ExitStack() as stack:
            with reading(path):
                file = stack.enter_context(path.open("rb"))
            yield from self._of_stream(file, str(path), kind, images)

    def _of_stream(self, file: BinaryIO, name: str, kind: str, images: Path) -> Iterator[Text]:
        """Texts of a stream; a form that is not read line by line is copied to ``scratch`` first."""
        if kind == "stdin":
            kind = "jsonl" if _begins(file, JSON) else "text"
        if kind == "text":
            yield from of_lines(file, name, self.cut)
            return
        if kind == "jsonl" and not _begins(file, LIST):
            yield from of_json_lines(file, name, self.cut, images)
            return
        kept = self.scratch / Path(name).name
        with writing(kept), kept.open("wb") as copy:
            shutil.copyfileobj(file, copy)
        try:
            for text in of_file(kept, kind, self.cut, images, None):
                text.place = text.place.replace(str(kept), name)
                yield text
        except UserError as error:
            raise UserError(str(error).replace(str(kept), name)) from error


def _begins(file: BinaryIO, sign: re.Pattern[bytes]) -> bool:
    """Whether a stream begins with ``sign``, without consuming it; false for a terminal without input."""
    start = b"" if file.isatty() else file.peek(2)  # type: ignore[attr-defined]
    return bool(sign.match(start.removeprefix(BOM).lstrip()))


def _parts(image: str) -> tuple[Path, str]:
    return Path(image).parent, Path(image).name
