"""Check a user's own data before a run: every problem, with its place and its remedy."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from mnerflow.config import build
from mnerflow.config.datasets import Dataset
from mnerflow.data.check.files import find_splits, format_of_file, split_key_of
from mnerflow.data.check.findings import Findings, Problem
from mnerflow.data.check.hints import Hints
from mnerflow.data.check.images import check_images
from mnerflow.data.check.language import choose_encoders
from mnerflow.data.check.pasted import entry_of
from mnerflow.data.check.posts import problems_of_posts
from mnerflow.data.check.unread import check_reading
from mnerflow.data.config import Columns
from mnerflow.data.formats import conll, format_of, has_spans, parse_lines
from mnerflow.data.ids import make_ids_distinct
from mnerflow.data.post_store import PostStore
from mnerflow.data.schemes import AS_IT_IS, ReadAs, scheme_of
from mnerflow.data.sources import check_name
from mnerflow.data.tags import OUTSIDE, is_tag, spans
from mnerflow.errors import UserError, quantity
from mnerflow.files.reading import reading
from mnerflow.log import collect_warnings

AS_SAID = "It is read or left out as the message says. Correct it if you want something else."
UNLABELLED = ("field 'labels' is missing", "a token and its tag are expected, not one column")


def check_data(path: Path, hints: Hints | None = None, encoder: str = "") -> Findings:
    """Check a file, or ``train``, ``dev``, ``test`` and ``images/`` of a folder, for all problems.

    Args:
        path: the file or folder.
        hints: what is known about it.
        encoder: a text encoder that is to read the posts, as ``check_reading`` finds it; empty for none.

    Raises:
        UserError: if there is no training file, if its format or columns cannot be inferred, or if the
            encoder has no tokenizer.
    """
    hints = hints or Hints()
    with reading(path):
        folder, files = find_splits(path, hints.format or "")
    train = folder / files["train"][0]
    # A blank training file has no format, but says no more than that about the others.
    detected = (format_of_file(folder / names[0]) for names in files.values())
    found = hints.format or next(filter(None, detected), "jsonl")
    findings = Findings(folder, found, files, hints, hints.columns)
    if found == "conll" and not hints.columns:
        findings.columns = _columns(train)
    if len(files) == 1 and found in ("jsonl", "spans"):
        findings.split_key, splits = split_key_of(train)
        findings.files = dict.fromkeys(splits, files["train"]) if splits else files
    try:
        check_name(folder.resolve())
    except UserError as error:
        findings.problems.append(Problem.of(error))
    with collect_warnings() as warnings:
        malformed = _read(findings)
        if not has_spans(found) and (malformed or scheme_of(_labels(findings)) == "iob1"):
            malformed = _find_scheme(findings, malformed)
    findings.problems += map(Problem.of, malformed)
    findings.problems += [Problem(warning, AS_SAID, False) for warning in warnings]
    _leave_unlabelled(findings)
    if not findings.splits["train"] and findings.stops:
        return findings  # any other problem would follow from this one
    if make_ids_distinct(findings.splits, findings.files):
        findings.notes.append("Ids begin anew in each split, so each post is named by its split and its id.")
    entities = Counter(kind for _, post in findings.posts() for kind, _, _ in spans(post.labels))
    findings.types = dict(sorted(entities.items(), key=lambda item: (-item[1], item[0])))
    choose_encoders(findings)
    findings.problems += problems_of_posts(findings)
    check_images(findings)
    if encoder:
        check_reading(findings, encoder)
    if not findings.stops:
        name, entry = entry_of(findings)
        try:
            build(Dataset, entry, f"datasets.{name}")
        except UserError as error:
            remedy = "Change it: a run would refuse the configuration."
            findings.problems.append(Problem(str(error).rstrip("."), remedy))
    return findings


def _columns(path: Path) -> Columns | None:
    """The columns of a table to read; ``None`` for the default, the first and the last."""
    table = conll.table_of(path)
    if len(table.tags) > 1:
        named = ", ".join(f"{column} ({tag})" for column, tag in table.tags.items())
        raise UserError(
            f"{path}: the columns {named}, counted from 0, all look like tags. Choose one, for example "
            f"with --columns {table.token},{max(table.tags)} for a token and a tag."
        )
    for column in table.tags:
        if table.names:
            post = None if table.post is None else table.names[table.post]
            return Columns(token=table.names[table.token], tag=table.names[column], post=post)
        if table.token or table.post is not None or column != table.columns - 1:
            return Columns(token=table.token, tag=column, post=table.post)
    return None


def _read(findings: Findings, scheme: ReadAs | None = None) -> list[UserError]:
    """Read every split in the format of ``train``; return the errors."""
    malformed: list[UserError] = []
    options = {**findings.hints.options} | ({"columns": findings.columns} if findings.columns else {})
    read_as = scheme or findings.scheme
    for split, names in findings.files.items():
        findings.splits[split] = store = PostStore()
        if findings.split_key:
            options |= {"split_key": findings.split_key, "split": split}
        for name in names:
            path = findings.folder / name
            other = "" if findings.hints.format else format_of(path)
            if other not in ("", findings.format):
                first = findings.files["train"][0]
                malformed.append(
                    UserError(f"{path}: {other}, but {first} is {findings.format}. Use one format.")
                )
                continue
            before = len(malformed), len(store)
            for line, post in parse_lines(
                findings.format, path, malformed, read_as, options, findings.folder
            ):
                store.add(post, line)
            if (len(malformed), len(store)) == before:
                malformed.append(UserError(f"{path}: no posts. Give every split at least one post."))
    return malformed


def _labels(findings: Findings) -> Iterator[list[str]]:
    return (post.labels for _, post in findings.posts())


def _find_scheme(findings: Findings, malformed: list[UserError]) -> list[UserError]:
    """Infer the scheme from the unconverted tags, note its effect, read again, and return the errors left."""
    read, findings.splits = findings.splits, {}
    _read(findings, AS_IT_IS)
    scheme = scheme_of(_labels(findings))
    if scheme is None or (scheme == "iob2" and all(all(map(is_tag, tags)) for tags in _labels(findings))):
        findings.splits = read
        return malformed
    findings.scheme = scheme
    as_iob2 = ([tag if is_tag(tag) else OUTSIDE for tag in tags] for tags in _labels(findings))
    before = sum(1 for tags in as_iob2 for _ in spans(tags))
    malformed = _read(findings)
    after = sum(1 for tags in _labels(findings) for _ in spans(tags))
    called = "IOB2 in other letters" if scheme == "iob2" else scheme.upper()
    findings.notes.append(
        f"The tags are {called}, converted to IOB2 by `scheme: {scheme}`: "
        f"{quantity(after, 'entity', 'entities')}; read as they are, {before}."
    )
    return malformed


def _leave_unlabelled(findings: Findings) -> None:
    """Leave out a split whose posts have no labels: it can be tagged but not scored."""
    for split in findings.files.keys() - {"train"}:
        about = [one for one in findings.problems if one.what.startswith(f"{findings.name(split)}:")]
        if about and not findings.splits.get(split) and all(map(_is_unlabelled, about)):
            name = findings.name(split)
            findings.problems = [one for one in findings.problems if one not in about]
            findings.notes.append(
                f"{name} has no labels: its posts are not scored. `mnerflow predict RUN {name}` tags them."
            )
            del findings.splits[split], findings.files[split]


def _is_unlabelled(problem: Problem) -> bool:
    return any(said in problem.what for said in UNLABELLED)
