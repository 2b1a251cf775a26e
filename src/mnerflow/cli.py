"""What helps beside the workflow: checking your own data, finding names in new texts, giving results away."""

import argparse
import io
import os
import sys
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mnerflow import __version__
from mnerflow.app import command as app
from mnerflow.errors import UserError, listed, printable
from mnerflow.extras import how_to_install
from mnerflow.files import sha256
from mnerflow.log import warn_on_terminal
from mnerflow.plan.kept_weights import dropped_below
from mnerflow.prediction import command as prediction
from mnerflow.publishing import publication
from mnerflow.publishing.archive import verify_archive, write_archive
from mnerflow.publishing.migrate import migrate
from mnerflow.registry import names_in
from mnerflow.reporting.render import percent, points
from mnerflow.reporting.show import results_text
from mnerflow.secrets import hide

if TYPE_CHECKING:
    from mnerflow.data.check import Findings, Problem
    from mnerflow.data.config import Columns

PUBLISHED = Path("results/published")
STUDY = Path("results/default")
CHECK = """\
Look through your own data and print every problem with its file, line, post and remedy.

A folder holds
  train.jsonl   one post a line: {"id": "1", "tokens": ["Ann", "sings"], "labels": ["B-PER", "O"],
                "images": ["1.jpg"]}; contexts (an object of texts by name), language and group (an author,
                a page) are optional
  dev.jsonl     the same; without it, or without test, posts are drawn from train by a seed
  test.jsonl    the same
  images/       the images, named in the posts by their path below this folder

A split is a word in a file's name (en-valid.conll), the name of a folder (test/), or a field of each post.
A folder may hold brat's texts and annotations, exports of INCEpTION's, or tables of Hugging Face.
One file alone is divided by a seed. Formats, columns and the scheme of the tags (IOB1, IOB2, BIOES, BILOU,
bare types) are told from the files: CoNLL and its kin, UMT's IMGID lines, texts with character spans, scanned
pages (PAGE or ALTO XML), and whatever else docs/data.md lists.

Ends with the lines of configuration to paste, or with status 1 if a problem would stop a run.
"""


POWER = """\
Say which gain a study could show, before a week is spent on runs that cannot show it.

From the finished runs of a study, how much entity F1 varies between sentences and between seeds is
known. So is, then, which true gain of a source a test would find in 80 % of all studies like it, with
2 to 20 seeds of every system and one, two or four times the test posts: the smaller, the better.
More comparisons need a larger gain, since p is corrected for them.

  mnerflow power results/study --gain 0.7

prints a line a data set and number of posts; its last column says how many seeds show 0.7 points.
One finished run with two seeds, of any system of the data set, is the least that it can be read from;
three seeds of three systems tell it well. docs/metrics.md has the formulas.
"""

EXPORT = """\
Write a trained run into a new folder that a model hub takes: weights, settings, tokenizer and a model card.

  mnerflow export results/runs/twitter2017/none/minilm+none/text_only/seed1 tagger

A run that reads the text alone, with an encoder of transformers and a softmax, becomes a plain model:
AutoModelForTokenClassification and pipeline("token-classification") load it without mnerflow, and tag words
as the run does. That is tried before the folder appears. Any other run (images, contexts, a CRF, casing)
keeps mnerflow's form, and the command says why: mnerflow.Predictor("DIR") loads it, without a download and
without code from the folder.

README.md is the model card: scores of test and dev, with an interval where a study has one, by type and
under image ablations, limits, environment, licences. Read it before you give the folder away. Posts, their
ids and paths of this machine are left out. A BiLSTM's vocabulary, words of its training posts, is in its
weights, since it cannot read without.

With --onnx the folder has encoder and fusion as graphs for onnxruntime, too, in onnx/: model.onnx computes
what the run does, model_int8.onnx has 8-bit weights. Both are tried on the prepared test posts, and the card
says what they score; 8-bit weights that lose more than half a point of entity F1 are left out. Such a folder
has mnerflow's form: mnerflow.Predictor("DIR", graph="onnx/model_int8.onnx").

--push OWNER/NAME uploads the folder to a new private repository of the hub that huggingface_hub is logged
in to (`hf auth login`, or HF_TOKEN). What the hub refuses leaves the folder as it is.

DIR must not exist yet; it appears whole or not at all.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns its exit status."""
    given = parser().parse_args(arguments)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a file's name need not be text
    warn_on_terminal()
    try:
        status = given.act(given)
        sys.stdout.flush()
        return status
    except BrokenPipeError:  # its reader, as `head`, has read enough; Python would flush once more, and fail
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        print("mnerflow: stopped", file=sys.stderr)
        return 130
    except UserError as error:
        print(printable(f"mnerflow: {hide(str(error))}"), file=sys.stderr)
        return 1
    except ModuleNotFoundError as error:  # of an installation without all extras
        if not error.name or error.name.startswith("mnerflow"):
            raise
        print(f"mnerflow: {error.name} is not installed; {how_to_install(error.name)}.", file=sys.stderr)
        return 1


def parser() -> argparse.ArgumentParser:
    """The options of every command."""
    whole = argparse.ArgumentParser(prog="mnerflow", description=__doc__)
    whole.add_argument("--version", action="version", version=f"mnerflow {__version__}")
    commands = whole.add_subparsers(required=True, metavar="COMMAND")
    check = commands.add_parser(
        "check",
        help="look through a folder of your own data",
        description=CHECK,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    check.set_defaults(act=_check)
    check.add_argument("path", type=Path, help="a folder, or one file")
    check.add_argument("--types", help="the entity types, as PER,LOC,ORG; without it, those found are listed")
    check.add_argument(
        "--format",
        choices=names_in("data.formats"),
        help="the files' format, where their first line misleads",
    )
    check.add_argument(
        "--columns",
        type=_columns,
        metavar="TOKEN,TAG",
        help="of a table, counted from 0, as 0,3, or by the names in its first line, as word,ner",
    )
    check.add_argument(
        "--encoder",
        default="",
        metavar="NAME",
        help="say what this text encoder cannot read: a folder of weights, or one that a run has fetched",
    )
    check.add_argument(
        "--tag-names",
        metavar="NAMES",
        help="of hugging_face: what numbers stand for, from 0, as O,B-PER,I-PER",
    )
    check.add_argument("--layer", help="of webanno: the layer, or layer|feature, whose values are names")
    check.add_argument(
        "--limit",
        type=int,
        default=10,
        metavar="N",
        help="print at most N problems of a kind (default: 10; 0 for all)",
    )
    show = commands.add_parser("show", help="print the table of a study and where the rest of it lies")
    show.set_defaults(act=_show)
    predict = commands.add_parser(
        "predict",
        help="find names in new texts with a trained run",
        description=prediction.ABOUT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    predict.set_defaults(act=prediction.predict)
    prediction.add_arguments(predict)
    tag = commands.add_parser("tag", help="the former name of predict")
    tag.set_defaults(act=_tag)
    prediction.add_arguments(tag)
    export = commands.add_parser(
        "export",
        help="write a trained run into a folder for a model hub",
        description=EXPORT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    export.set_defaults(act=_export)
    export.add_argument("run", type=Path, metavar="RUN", help="its folder; `mnerflow runs` lists them")
    export.add_argument("folder", type=Path, metavar="DIR", help="to be made")
    export.add_argument(
        "--license",
        default="unknown",
        metavar="ID",
        help="of the weights, as hubs write it: mit, cc-by-4.0 (default: %(default)s)",
    )
    export.add_argument(
        "--push", metavar="OWNER/NAME", help="upload it, too, to a new private repository of the model hub"
    )
    export.add_argument(
        "--onnx", action="store_true", help="also as ONNX graphs, with float32 and with 8-bit weights"
    )
    page = commands.add_parser(
        "app",
        help="show one or two trained runs on a web page",
        description=app.ABOUT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    page.set_defaults(act=app.serve)
    app.add_arguments(page)
    runs = commands.add_parser("runs", help="list what was trained here, with dev and test scores")
    runs.set_defaults(act=_runs)
    runs.add_argument("results", type=Path, nargs="?", default=Path("results"), help="default: results")
    doctor = commands.add_parser(
        "doctor", help="say what this machine has and lacks of what a configuration needs"
    )
    doctor.set_defaults(act=_doctor)
    doctor.add_argument(
        "--configfile", type=Path, nargs="+", default=[], metavar="FILE", help="as Snakemake is given them"
    )
    doctor.add_argument(
        "--config", type=_setting, nargs="+", default=[], metavar="KEY=VALUE", help="likewise: mirror=DIR"
    )
    power = commands.add_parser(
        "power",
        help="say how many seeds and test posts would show a gain",
        description=POWER,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    power.set_defaults(act=_power)
    power.add_argument(
        "--gain", type=float, default=1.0, metavar="POINTS", help="of entity F1 (default: %(default)s)"
    )
    archive = commands.add_parser("archive", help="pack code, configuration, small results and checksums")
    archive.set_defaults(act=_archive)
    verify = commands.add_parser("verify", help="say what is missing or changed in a packed archive")
    verify.set_defaults(act=_verify)
    verify.add_argument("file", type=Path)
    publish = commands.add_parser(
        "publish", help="copy finished runs and tables to where they can be given away"
    )
    publish.set_defaults(act=_publish)
    migration = commands.add_parser("migrate", help="bring results that an earlier version made up to date")
    migration.set_defaults(act=_migrate)
    migration.add_argument("results", type=Path, nargs="?", default=Path("results"), help="default: results")
    for command in (show, power, archive, publish):
        command.add_argument(
            "study", type=Path, nargs="?", default=STUDY, help=f"its folder; default: {STUDY}"
        )
    publish.add_argument("--to", type=Path, default=PUBLISHED, metavar="DIR", help=f"default: {PUBLISHED}")
    unpack = commands.add_parser(
        "unpack", help="put published runs into a folder of results, without their words"
    )
    unpack.set_defaults(act=_unpack)
    compare = commands.add_parser(
        "compare", help="say whether scores and tables of a study match the published ones"
    )
    compare.set_defaults(act=_compare)
    unpack.add_argument("results", type=Path)
    compare.add_argument("study", type=Path, help="its folder")
    for command in (unpack, compare):
        command.add_argument(
            "--from",
            type=Path,
            default=PUBLISHED,
            metavar="DIR",
            dest="published",
            help=f"default: {PUBLISHED}",
        )
    return whole


def _check(given: argparse.Namespace) -> int:
    from mnerflow.data.check import check_data

    types = [kind for kind in given.types.split(",") if kind] if given.types else None
    names = given.tag_names.split(",") if given.tag_names else []
    told = {name: value for name, value in {"tag_names": names, "layer": given.layer}.items() if value}
    findings = check_data(given.path, types, given.format, given.columns, given.encoder, told)
    print(printable(_report(findings, types, given.limit or None)))
    return int(findings.stops)


def _show(given: argparse.Namespace) -> int:
    print(results_text(given.study))
    return 0


def _export(given: argparse.Namespace) -> int:
    from mnerflow.export.command import export

    reason, graphs = export(given.run, given.folder, given.license, given.onnx)
    loads = (
        f"in mnerflow's form, since {reason}; load it with mnerflow.Predictor({str(given.folder)!r})"
        if reason
        else 'a plain model of transformers; load it with pipeline("token-classification")'
    )
    print(printable(f"{given.folder}: {loads}"))
    for graph in graphs:
        kept = "" if graph.shipped else "left out, "
        lost = points(graph.difference)
        print(f"{graph.file}: {kept}entity F1 on test {percent(graph.entity_f1)} ({lost} points)")
    if given.push:
        from mnerflow.export.push import push

        print(f"{given.folder}: uploaded to {push(given.folder, given.push)}")
    return 0


def _runs(given: argparse.Namespace) -> int:
    from mnerflow.reporting.trained import trained_text

    print(trained_text(given.results), end="")
    return 0


def _doctor(given: argparse.Namespace) -> int:
    from mnerflow.doctor import examined

    lines, wrong = examined(given.configfile, dict(given.config))
    print(printable("\n".join(lines)))
    return int(wrong)


def _columns(text: str) -> "Columns":
    from mnerflow.data.config import Columns

    places = text.split(",")
    if len(places) != 2:
        raise argparse.ArgumentTypeError(f"{text!r} is not two columns, as 0,3 or word,ner")
    counted = all(place.lstrip("-").isdecimal() for place in places)
    token, tag = map(int, places) if counted else places
    return Columns(token=token, tag=tag)


def _setting(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals:
        raise argparse.ArgumentTypeError(f"{text!r} is not KEY=VALUE")
    return key, value


def _power(given: argparse.Namespace) -> int:
    from mnerflow.reporting.power import power_text

    if not given.gain > 0:
        raise UserError(f"--gain: {given.gain:g} is no gain. Give points of entity F1, above 0.")
    print(power_text(given.study, given.gain / 100), end="")
    return 0


def _tag(given: argparse.Namespace) -> int:
    print("mnerflow: tag is called predict now, and prints what predict prints", file=sys.stderr)
    return prediction.predict(given)


def _archive(given: argparse.Namespace) -> int:
    file = write_archive(given.study)
    print(f"{file}: {file.stat().st_size / 2**20:.1f} MiB, sha256 {sha256(file)}")
    _say_dropped(given.study)
    return 0


def _verify(given: argparse.Namespace) -> int:
    count, wrong = verify_archive(given.file)
    for line in wrong:
        print(printable(line), file=sys.stderr)
    state = f"{len(wrong)} files are not what it lists" if wrong else f"all {count} files are what it lists"
    print(f"{given.file}: {state}; sha256 {sha256(given.file)}")
    return int(bool(wrong))


def _publish(given: argparse.Namespace) -> int:
    print(f"{given.to}: {publication.publish(given.study, given.to)} runs")
    _say_dropped(given.study)
    return 0


def _say_dropped(results: Path) -> None:
    if said := dropped_below(results):
        print(f"{results}: {said}")


def _unpack(given: argparse.Namespace) -> int:
    print(f"{given.results}: {publication.unpack(given.published, given.results)} runs")
    return 0


def _compare(given: argparse.Namespace) -> int:
    count, wrong = publication.compare_tables(given.published, given.study)
    for line in wrong:
        print(printable(line), file=sys.stderr)
    state = (
        f"{len(wrong)} of {count} tables do not match" if wrong else f"all {count} tables match, byte by byte"
    )
    print(f"{given.study}: scores and tables beside those in {given.published}: {state}")
    return int(bool(wrong))


def _migrate(given: argparse.Namespace) -> int:
    changed, count = migrate(given.results)
    print(f"{given.results}: {changed} of {count} runs were older and are up to date now")
    return 0


def _report(findings: "Findings", types: Sequence[str] | None, limit: int | None) -> str:
    from mnerflow.data.check import configuration

    lines = [f"{findings.place}: {findings.format}"]
    for split, posts in findings.splits.items():
        tokens = sum(len(post.tokens) for _, post in posts)
        files = listed(findings.files[split])
        lines.append(f"  {split:<5} {len(posts):>7} posts {tokens:>9} tokens  {files}")
    if any(findings.splits.values()):
        entities = ", ".join(f"{kind} {count}" for kind, count in findings.types.items()) or "none"
        named = any(post.images for _, post in findings.posts())
        images = f"usable images: {findings.images}" if named else "images: none, so the text alone is read"
        lines += [f"  entities: {entities}", f"  {images}"]
    lines += [f"  {note}" for note in findings.notes]
    stopping = [problem for problem in findings.problems if problem.stops]
    passing = [problem for problem in findings.problems if not problem.stops]
    for title, problems in (("a run stops", stopping), ("a run goes on", passing)):
        if problems:
            lines += ["", f"problems with which {title}: {len(problems)}", *_grouped(problems, limit)]
    if stopping:
        return "\n".join([*lines, "", "Mend what stops a run, and check again."])
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


if __name__ == "__main__":
    sys.exit(main())
