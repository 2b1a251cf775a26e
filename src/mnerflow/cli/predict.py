"""``mnerflow predict``: its arguments, what it reads, and where it writes."""

import argparse
import os
import shutil
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, BinaryIO, TextIO

from mnerflow.cli._arguments import at_least, number_type
from mnerflow.conditions import IMAGE
from mnerflow.errors import UserError, quantity
from mnerflow.files import BOM, atomic_path, reading, writing
from mnerflow.prediction.formats import FORMATS, Format, as_coloured_text, as_json_of_single_text
from mnerflow.prediction.runs import best_trained_run
from mnerflow.prediction.texts import (
    ADDRESSES,
    FORM_OF,
    FORMS,
    Cutter,
    Text,
    form_of,
    of_file,
    of_folder,
    of_json_lines,
    of_lines,
    of_pages,
)

if TYPE_CHECKING:
    from mnerflow.prediction.predictor import Predictor, Tagged

STDIN, STDIN_NAME = "-", "stdin"
STREAMED = ("text", "jsonl")  # read line by line
FORMAT_OF = {".txt": "text", ".htm": "html", ".html": "html"} | {f".{name}": name for name in FORMATS}
WHICH_TEXT = (
    "--image: of which text? Give one text alone, or name images in JSON lines, or put each beside its text "
    "into a folder."
)
HELP = "find names in new texts with a trained run"
ABOUT = """\
Find names in new texts, with or without images, with a trained run.

  mnerflow predict RUN "Ann sings in Rome."           a text
  mnerflow predict RUN posts.txt more.jsonl           files, read one after the other
  mnerflow predict RUN < posts.txt                    one text per line; in a terminal, type them
  mnerflow predict --best twitter2017 posts.txt       the run with the best entity F1 on dev that has weights

RUN is the folder of a run, results/runs/<dataset>/<filter>/<encoders>/…/seed<k>; `mnerflow runs` lists
them. An INPUT is one of these:
  a text         in quotation marks
  FILE.txt       one text per line, or, with --document, one document, which is split into sentences
  FILE.jsonl     one post per line, with "text", or with "tokens" if it is already split into words; "id",
                 "images" and "contexts" (texts by name) are optional:
                 {"text": "Ann sings", "images": ["1.jpg"]}
  FILE.conll     one word per line, and an empty line between texts; other columns are ignored
  a data set's file, in a format that `mnerflow check` knows: CoNLL-U, HIPE, WebAnno's TSV, texts with spans,
                 tasks of Label Studio, parquet; its labels are ignored and may be absent
  a folder       one text per .txt file, and next to it the picture of the same name; or scanned pages,
                 PAGE or ALTO XML next to their images, where each line is read with its part of the image
  -              standard input, which is also read without any INPUT

Raw text is split into words like the training data. Each name that is found has the form
  {"entity_group": "LOC", "score": 0.98, "word": "Rome", "start": 13, "end": 17,
   "token_start": 3, "token_end": 4}
start and end count characters of the text, token_start and token_end its words; ends are exclusive. The score
is the probability that the model gives to exactly this name. --format is one of these:
  text    for people; the default in a terminal
  jsonl   one text per line, with its words, tags and names; the default elsewhere
  json    a list of names for a single text, a list of such lists for several texts
  conll   one word per line, followed by a tab and its tag
  spacy   a list that displaCy draws with manual=True
  label_studio  tasks with the names as suggestions, to be corrected there
  html    a page with the names highlighted
"""


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Add the arguments of ``mnerflow predict``."""
    command.usage = "%(prog)s (RUN | --best DATASET) [INPUT ...] [options]"
    command.add_argument("inputs", nargs="*", metavar="RUN INPUT", help="see above")
    command.add_argument("--best", metavar="DATASET", help="use the best run on this data set instead of RUN")
    command.add_argument("--study", metavar="NAME", help="with --best: only consider runs of results/NAME")
    command.add_argument(
        "--results",
        type=Path,
        default=Path("results"),
        help="with --best: the folder of results; default: results",
    )
    command.add_argument(
        "--image",
        action="append",
        default=[],
        metavar="FILE|URL",
        help="an image of the text, if there is only one text; may be given several times",
    )
    command.add_argument(
        "--images",
        type=Path,
        metavar="DIR",
        help="folder of the images that posts name; default: images, next to FILE",
    )
    command.add_argument("--allow-urls", action="store_true", help="fetch images that posts name by URL")
    command.add_argument("--read", choices=FORMS, help="how to read standard input and files")
    command.add_argument(
        "--document", action="store_true", help="treat a text as a document of several sentences"
    )
    command.add_argument(
        "--language", default="en", metavar="CODE", help="language whose rules split sentences (default: en)"
    )
    command.add_argument(
        "--format", choices=FORMATS, help="output format, see above; default: by the ending of --to"
    )
    command.add_argument("--to", type=Path, metavar="FILE", help="output file; default: standard output")
    command.add_argument(
        "--threshold",
        type=number_type(float, lambda score: 0 <= score <= 1, "a score from 0 to 1"),
        default=0.0,
        metavar="SCORE",
        help="leave out names with a lower score (default: 0)",
    )
    command.add_argument(
        "--batch-tokens",
        type=at_least(1),
        metavar="N",
        help="padded subwords per batch; default: as in training",
    )
    command.add_argument(
        "--graph",
        metavar="FILE",
        help="compute with this ONNX graph in the run's folder, such as onnx/model_int8.onnx",
    )
    command.add_argument("--device", help="cpu or cuda; default: the GPU if there is one")


def run(given: argparse.Namespace) -> int:
    """Run ``mnerflow predict``; returns its exit status."""
    inputs = [*given.inputs]
    if not given.best and not inputs:
        raise UserError("predict: no run. Name its folder (`mnerflow runs` lists them), or `--best DATASET`.")
    if given.study and not given.best:
        raise UserError("--study: it says where --best looks. Name --best DATASET, or leave it out.")
    if given.images and not given.images.is_dir():
        raise UserError(f"{given.images}: no such folder. Name one that is there with --images.")
    if given.best:
        folder, score = best_trained_run(given.best, given.results, given.study)
        _say(f"{folder}: entity F1 on dev {100 * score:.2f}")
    else:
        folder = Path(inputs.pop(0))
    inputs = inputs or [STDIN]
    kinds = [_kind(each, given.read) for each in inputs]
    single = kinds == ["literal"]
    document = given.document and kinds in (["text"], ["stdin"])
    if given.image and not (single or document):
        raise UserError(WHICH_TEXT)
    if given.to:
        _check_target(given.to, [each for each, kind in zip(inputs, kinds, strict=True) if kind != "literal"])
    from mnerflow.prediction.predictor import AT_ONCE, Predictor  # PyTorch, not loaded for a mistake

    predictor = Predictor(
        folder,
        device=given.device,
        batch_tokens=given.batch_tokens,
        threshold=given.threshold,
        document=given.document,
        language=given.language,
        allow_urls=given.allow_urls or bool(given.image),
        graph=given.graph,
    )
    typed = inputs == [STDIN] and sys.stdin.isatty()
    if typed:
        _say("type a text a line; Ctrl-D ends")
    with _target(given.to) as file, TemporaryDirectory() as scratch:
        sees = IMAGE in predictor.sources
        texts = _texts(inputs, kinds, given, predictor.cut, Path(scratch), sees)
        found = _counted(predictor, texts, 1 if typed else AT_ONCE, quiet=single or typed)
        for piece in _format(given, file, single)(found):
            file.write(piece)
            if typed:
                file.flush()
    return 0


def _check_target(to: Path, inputs: Iterable[str]) -> None:
    """Raise ``UserError`` if writing to ``to`` would change what is read."""
    with writing(to):
        for path in (Path("/dev/stdin" if each == STDIN else each) for each in inputs):
            if to.is_file() and path.exists() and to.samefile(path):
                raise UserError(f"{to}: would be lost, as it is read. Name another file with --to.")
            if path.is_dir() and Path(os.path.realpath(to)).is_relative_to(os.path.realpath(path)):
                raise UserError(f"{to}: lies in {path}, which is read. Name a file elsewhere with --to.")


def _kind(given: str, read: str | None) -> str:
    """What an INPUT is: one of ``FORMS``, a folder of texts or of pages, or a text itself."""
    if given == STDIN:
        return read or "stdin"
    path, ending = Path(given), Path(given).suffix.lower()
    try:
        exists = bool(given) and path.exists()
    except (OSError, ValueError):  # a text: it is too long for a file name, or contains a NUL
        exists = False
    if exists:
        return form_of(path) if path.is_dir() or not read else read
    if ending in FORM_OF and not any(sign.isspace() for sign in given):
        raise UserError(
            f"{given}: no such file. Correct the path; a text with a blank in it is read as a text."
        )
    return "literal"


def _texts(
    inputs: Iterable[str],
    kinds: Iterable[str],
    given: argparse.Namespace,
    cut: Cutter,
    scratch: Path,
    sees: bool,
) -> Iterator[Text]:
    """The texts of all inputs; images inside an input are written to a file if the run ``sees`` images."""
    images = [(Path(), one) if one.startswith(ADDRESSES) else _parts(one) for one in given.image]
    for number, (each, kind) in enumerate(zip(inputs, kinds, strict=True), start=1):
        pictures = scratch / f"images{number}" if sees else None
        if kind == "literal":
            place = f"text {number}"
            read: Iterable[Text] = [Text(str(number), each, cut(each, place), place=place)]
        elif kind == "folder":
            read = of_folder(Path(each), cut)
        elif kind == "pages":
            read = of_pages(Path(each), cut, pictures)
        elif each == STDIN:
            folder = given.images or Path("images")
            read = _of_stream(sys.stdin.buffer, STDIN_NAME, kind, folder, cut, scratch)
        else:
            folder = given.images or Path(each).parent / "images"
            read = _of_path(Path(each), kind, folder, cut, scratch, pictures)
        for before, text in enumerate(read):
            if images and before:  # JSON lines from standard input
                raise UserError(WHICH_TEXT)
            if images:
                text.images = images
            yield text


def _of_path(
    path: Path, kind: str, images: Path, cut: Cutter, scratch: Path, pictures: Path | None
) -> Iterator[Text]:
    if path.is_dir() or (path.is_file() and kind not in STREAMED):
        yield from of_file(path, kind, cut, images, pictures)
        return
    with ExitStack() as stack:
        with reading(path):
            file = stack.enter_context(path.open("rb"))
        yield from _of_stream(file, str(path), kind, images, cut, scratch)


def _of_stream(
    file: BinaryIO, name: str, kind: str, images: Path, cut: Cutter, scratch: Path
) -> Iterator[Text]:
    """Texts of a stream; a form that is not read line by line is copied to ``scratch`` first."""
    if kind == "stdin":
        kind = "jsonl" if _begins(file, b'{"') else "text"
    if kind == "text":
        yield from of_lines(file, name, cut)
        return
    if kind == "jsonl" and not _begins(file, b"["):
        yield from of_json_lines(file, name, cut, images)
        return
    kept = scratch / Path(name).name
    with writing(kept), kept.open("wb") as copy:
        shutil.copyfileobj(file, copy)
    try:
        for text in of_file(kept, kind, cut, images, None):
            text.place = text.place.replace(str(kept), name)
            yield text
    except UserError as error:
        raise UserError(str(error).replace(str(kept), name)) from error


def _begins(file: BinaryIO, sign: bytes) -> bool:
    """Whether a stream begins with ``sign``, without consuming it; false for a terminal without input."""
    start = b"" if file.isatty() else file.peek(2)  # type: ignore[attr-defined]
    return start.removeprefix(BOM).lstrip().startswith(sign)


def _counted(predictor: "Predictor", texts: Iterable[Text], at_once: int, quiet: bool) -> Iterator["Tagged"]:
    """Yield what is found; shows progress on the terminal and, at the end, the posts per second."""
    from tqdm import tqdm

    begin, count = time.monotonic(), 0
    shown = None if not sys.stdout.isatty() else True  # None: where stderr is a terminal
    posts = predictor.stream(texts, at_once)
    for tagged in tqdm(posts, "predicted", unit=" posts", disable=shown, file=sys.stderr, delay=1):
        count += 1
        yield tagged
    if not quiet:
        seconds = time.monotonic() - begin
        rate = quantity(round(count / max(seconds, 1e-9)), "post")
        _say(f"{quantity(count, 'post')} in {seconds:.1f} s, {rate} a second")


@contextmanager
def _target(to: Path | None) -> Iterator[TextIO]:
    if to is None:
        yield sys.stdout
        return
    with atomic_path(to) as temporary, temporary.open("w", encoding="utf-8", newline="\n") as file:
        yield file


def _format(given: argparse.Namespace, file: TextIO, single: bool) -> Format:
    terminal = given.to is None and file.isatty()
    by_ending = FORMAT_OF.get(given.to.suffix.lower()) if given.to else None
    name = given.format or by_ending or ("text" if terminal else "jsonl")
    if name == "text" and terminal and not os.environ.get("NO_COLOR"):
        return as_coloured_text
    if name == "json" and single:
        return as_json_of_single_text
    return FORMATS[name]


def _parts(image: str) -> tuple[Path, str]:
    return Path(image).parent, Path(image).name


def _say(text: str) -> None:
    print(f"mnerflow: {text}", file=sys.stderr)
