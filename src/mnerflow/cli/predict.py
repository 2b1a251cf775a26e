"""``mnerflow predict``: its arguments, and where it writes."""

import argparse
import os
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, TextIO

from mnerflow.cli._arguments import at_least, number_type
from mnerflow.conditions import IMAGE
from mnerflow.errors import UserError, quantity
from mnerflow.files.writing import atomic_path
from mnerflow.prediction.formats import FORMATS, Format, as_coloured_text, as_json_of_single_text
from mnerflow.prediction.inputs import STDIN, WHICH_TEXT, Input, InputReader
from mnerflow.prediction.runs import best_trained_run
from mnerflow.prediction.texts import FORMS, Text

if TYPE_CHECKING:
    from mnerflow.prediction.predictor import Predictor, Tagged

FORMAT_OF = {".txt": "text", ".htm": "html", ".html": "html"} | {f".{name}": name for name in FORMATS}
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
    folder, names = _run_and_inputs(given)
    inputs = [Input.of(name, given.read) for name in names]
    kinds = [each.kind for each in inputs]
    single = kinds == ["literal"]
    if given.image and not (single or (given.document and kinds in (["text"], ["stdin"]))):
        raise UserError(WHICH_TEXT)
    if given.to:
        for each in inputs:
            each.check_target(given.to)
    chosen = given.format or _by_ending(given.to)
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
    typed = names == [STDIN] and sys.stdin.isatty()
    if typed:
        _say("type a text a line; Ctrl-D ends")
    with _target(given.to) as file, TemporaryDirectory() as scratch:
        sees = IMAGE in predictor.sources
        reader = InputReader(predictor.cut, Path(scratch), given.images, given.image, sees)
        found = _counted(predictor, reader.texts(inputs), 1 if typed else AT_ONCE, quiet=single or typed)
        terminal = given.to is None and file.isatty()
        for piece in _format(chosen, terminal, single)(found):
            file.write(piece)
            if typed:
                file.flush()
    return 0


def _run_and_inputs(given: argparse.Namespace) -> tuple[Path, list[str]]:
    """The folder of the run, and the names of the inputs; standard input if none is named."""
    if not given.best and not given.inputs:
        raise UserError("predict: no run. Name its folder (`mnerflow runs` lists them), or `--best DATASET`.")
    if given.study and not given.best:
        raise UserError("--study: it says where --best looks. Name --best DATASET, or leave it out.")
    if given.images and not given.images.is_dir():
        raise UserError(f"{given.images}: no such folder. Name one that is there with --images.")
    if not given.best:
        folder, *names = given.inputs
        return Path(folder), names or [STDIN]
    best, score = best_trained_run(given.best, given.results, given.study)
    _say(f"{best}: entity F1 on dev {100 * score:.2f}")
    return best, given.inputs or [STDIN]


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


def _by_ending(to: Path | None) -> str | None:
    """The format of a file to write; ``None`` without an ending."""
    if to is None or not to.suffix:
        return None
    if found := FORMAT_OF.get(to.suffix.lower()):
        return found
    known = ", ".join(FORMAT_OF)
    raise UserError(f"{to}: its ending is that of no format ({known}). Name the format with --format.")


def _format(name: str | None, terminal: bool, single: bool) -> Format:
    name = name or ("text" if terminal else "jsonl")
    if name == "text" and terminal and not os.environ.get("NO_COLOR"):
        return as_coloured_text
    if name == "json" and single:
        return as_json_of_single_text
    return FORMATS[name]


def _say(text: str) -> None:
    print(f"mnerflow: {text}", file=sys.stderr)
