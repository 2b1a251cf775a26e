"""``mnerflow check``: find problems in a user's own data, and print the configuration to run on it."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from mnerflow.cli._arguments import at_least
from mnerflow.errors import printable
from mnerflow.registry import names_in

if TYPE_CHECKING:
    from mnerflow.data.config import Columns

HELP = "check a folder of your own data"
ABOUT = """\
Check your own data, and print every problem with its file, line, post and remedy.

A folder contains
  train.jsonl   one post per line: {"id": "1", "tokens": ["Ann", "sings"], "labels": ["B-PER", "O"],
                "images": ["1.jpg"]}; contexts (an object of texts by name), language and group (an author,
                a page) are optional
  dev.jsonl     the same; if dev or test is missing, its posts are drawn from train by a seed
  test.jsonl    the same
  images/       the images; posts name them by their path below this folder

The split is given by a word in a file's name (en-valid.conll), by the name of a folder (test/), or by a field
of each post. A folder may also contain texts and annotations of brat, exports of INCEpTION, or tables of
Hugging Face. A single file is divided into splits by a seed. Formats, columns and the tagging scheme (IOB1,
IOB2, BIOES, BILOU, bare types) are detected from the files. Formats are CoNLL and its variants, UMT's IMGID
lines, texts with character spans, scanned pages (PAGE or ALTO XML), and all others that docs/data.md lists.

At the end, the command prints the configuration to paste. If a problem would stop a run, the command
exits with status 1 instead.
"""


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Add the arguments of ``mnerflow check``."""
    command.add_argument("path", type=Path, help="a folder or a single file")
    command.add_argument(
        "--types",
        type=_types,
        help="the entity types, such as PER,LOC,ORG; by default, the types found are listed",
    )
    command.add_argument(
        "--format",
        choices=names_in("data.formats"),
        help="format of the files, if their first line is misleading",
    )
    command.add_argument(
        "--columns",
        type=_columns,
        metavar="TOKEN,TAG[,POST]",
        help="columns of a table, counted from 0 (0,3), or by the names in its first line (word,ner); a "
        "third one says to which post a token belongs",
    )
    command.add_argument(
        "--encoder",
        default="",
        metavar="NAME",
        help="report what this text encoder cannot read; a folder of weights, or an encoder fetched by a run",
    )
    command.add_argument(
        "--tag-names",
        metavar="NAMES",
        help="for hugging_face: tags that the numbers stand for, from 0, such as O,B-PER,I-PER",
    )
    command.add_argument("--text-key", metavar="FIELD", help="for spans: the field that contains the text")
    command.add_argument("--layer", help="for webanno: the layer, or layer|feature, whose values are names")
    command.add_argument(
        "--limit",
        type=at_least(0),
        default=10,
        metavar="N",
        help="print at most N problems of each kind (default: 10; 0 for all)",
    )


def run(given: argparse.Namespace) -> int:
    """Run ``mnerflow check``; returns 1 where a problem would stop a run."""
    from mnerflow.data.check import check_data  # numpy and Pillow
    from mnerflow.data.check.hints import Hints
    from mnerflow.data.check.report import report

    names = given.tag_names.split(",") if given.tag_names else []
    told = {"tag_names": names, "text_key": given.text_key, "layer": given.layer}
    options = {name: value for name, value in told.items() if value}
    hints = Hints(given.types, given.format, given.columns, options)
    findings = check_data(given.path, hints, given.encoder)
    print(printable(report(findings, given.limit or None)))
    return int(findings.stops)


def _types(text: str) -> list[str]:
    types = [kind for kind in text.split(",") if kind]
    if not types:
        raise argparse.ArgumentTypeError(f"{text!r} names no type. Give some, such as PER,LOC,ORG.")
    return types


def _columns(text: str) -> "Columns":
    from mnerflow.data.config import Columns

    places = text.split(",")
    if len(places) not in (2, 3) or not all(places):
        said = f"{text!r} is not two or three columns. Give two, such as 0,3 or word,ner."
        raise argparse.ArgumentTypeError(said)
    counted = all(place.lstrip("-").isdecimal() for place in places)
    token, tag, *post = map(int, places) if counted else places
    return Columns(token=token, tag=tag, post=post[0] if post else None)
