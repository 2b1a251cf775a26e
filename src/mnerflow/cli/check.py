"""``mnerflow check``: find problems in a user's own data, and print the configuration to run on it."""

import argparse
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mnerflow.cli._arguments import at_least
from mnerflow.errors import listed, printable, quantity
from mnerflow.registry import names_in

if TYPE_CHECKING:
    from mnerflow.data.check import Findings, Problem
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

    names = given.tag_names.split(",") if given.tag_names else []
    told = {"tag_names": names, "text_key": given.text_key, "layer": given.layer}
    options = {name: value for name, value in told.items() if value}
    findings = check_data(given.path, given.types, given.format, given.columns, given.encoder, options)
    print(printable(_report(findings, given.types, given.limit or None)))
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


def _report(findings: "Findings", types: Sequence[str] | None, limit: int | None) -> str:
    from mnerflow.data.check import configuration

    lines = [f"{findings.place}: {findings.format}"]
    for split, posts in findings.splits.items():
        tokens = quantity(sum(len(post.tokens) for post in posts), "token")
        files = listed(findings.files[split])
        lines.append(f"  {split:<5} {quantity(len(posts), 'post'):>13} {tokens:>16}  {files}")
    if any(findings.splits.values()):
        entities = ", ".join(f"{kind} {count}" for kind, count in findings.types.items()) or "none"
        named = any(post.images for _, post in findings.posts())
        images = f"usable images: {findings.images}" if named else "images: none, so only the text is read"
        lines += [f"  entities: {entities}", f"  {images}"]
    lines += [f"  {note}" for note in findings.notes]
    stopping = [problem for problem in findings.problems if problem.stops]
    passing = [problem for problem in findings.problems if not problem.stops]
    for title, problems in (("that stop a run", stopping), ("that do not stop a run", passing)):
        if problems:
            lines += ["", f"problems {title}: {len(problems)}", *_grouped(problems, limit)]
    if stopping:
        return "\n".join([*lines, "", "Fix the problems that stop a run, and check again."])
    pasted = "Nothing stops a run. Save this as FILE and run `snakemake --cores 2 --configfile FILE`:"
    return "\n".join([*lines, "", pasted, "", configuration(findings, types)])


def _grouped(problems: "Sequence[Problem]", limit: int | None) -> list[str]:
    """Problems by their remedy, in the order in which each remedy was first met."""
    groups: dict[str, list[str]] = defaultdict(list)
    for problem in problems:
        groups[problem.remedy].append(problem.what)
    lines = []
    for remedy, found in groups.items():
        lines.append(f"  {len(found)} × {remedy}")
        lines += ["    " + what.replace("\n", r"\n") for what in found[:limit]]
        if limit is not None and len(found) > limit:
            lines.append(f"    and {len(found) - limit} more")
    return lines
