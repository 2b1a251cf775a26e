"""Looking through a folder of one's own data before a run: every problem, with its place and its remedy."""

import json
import re
from bisect import bisect
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from functools import cache
from os import cpu_count
from pathlib import Path
from unicodedata import category, normalize

from mnerflow.data.formats import format_of, jsonl, parse_lines
from mnerflow.data.formats._fields import OTHER_NAMES
from mnerflow.data.image import NO_END, BrokenImage, decode
from mnerflow.data.post import IMAGE_SUFFIXES, SPLITS, Post
from mnerflow.data.prepare_report import straddling
from mnerflow.data.sources import check_name
from mnerflow.data.tags import OUTSIDE, entity_type, spans, strays
from mnerflow.errors import UserError, listed, suggest
from mnerflow.files import files_below, json_object, read_lines, read_text, reading

NAMES = {"train": ("train",), "dev": ("dev", "valid", "val", "validation"), "test": ("test",)}
ENDINGS = (".jsonl", ".json", ".conll", ".txt", ".tsv", ".bio")
UNTAGGED = (
    "If these are plain texts, `mnerflow predict --format label_studio` suggests their names, to be "
    "corrected there: docs/own_texts.md."
)
NEAR = 5  # names to either side among which one like another is looked for
LOOK = 32  # pixels a side to which an image is decoded, enough to meet any damage


@dataclass(frozen=True, slots=True)
class Problem:
    """``what`` is wrong, beginning with its place, and its ``remedy``; ``stops``: no run gets past it."""

    what: str
    remedy: str
    stops: bool = True


@dataclass(slots=True)
class Findings:
    """What a folder holds; the posts of each split stand beside their line numbers.

    ``types`` are all entity types by how many entities they have, ``images`` counts the usable images.
    """

    folder: Path
    format: str
    files: dict[str, Path]
    splits: dict[str, list[tuple[int, Post]]] = field(default_factory=dict)
    types: dict[str, int] = field(default_factory=dict)
    images: int = 0
    problems: list[Problem] = field(default_factory=list)

    @property
    def stops(self) -> bool:
        """Whether a problem would stop a run."""
        return any(problem.stops for problem in self.problems)


def check_folder(folder: Path, types: Sequence[str] | None = None, format: str | None = None) -> Findings:
    """Look through ``train``, ``dev``, ``test`` and ``images/`` of a folder and collect all problems.

    ``types`` is the tag scheme, where it is known; ``format`` the name of a parser, told from the files'
    first line where it is not given. Raises ``UserError`` when there is no folder or no training file.
    """
    with reading(folder):
        files = _split_files(folder)
    findings = Findings(folder, format or _format_of(files["train"]) or "jsonl", files)
    problems = findings.problems
    try:
        check_name(folder.resolve())
    except UserError as error:
        problems.append(_from_error(error))
    for split, path in files.items():
        malformed: list[UserError] = []
        found = _format_of(path)
        if not format and found not in ("", findings.format):
            problems.append(
                Problem(f"{path}: {found}, but {files['train'].name} is {findings.format}", "Use one format.")
            )
            findings.splits[split] = []
            continue
        findings.splits[split] = parse_lines(findings.format, path, malformed)
        problems += map(_from_error, malformed)
        if not findings.splits[split] and not malformed:
            problems.append(Problem(f"{path}: no posts", "Give every split at least one post."))
    entities = Counter(
        kind for posts in findings.splits.values() for _, post in posts for kind, _, _ in spans(post.labels)
    )
    findings.types = dict(sorted(entities.items(), key=lambda item: (-item[1], item[0])))
    for look in (_fields, _ids, _splits, _tags, _tokens):
        problems += look(findings)
    problems += _types(findings, types)
    problems += _images(findings)
    return findings


def configuration(findings: Findings, types: Sequence[str] | None = None) -> str:
    """The lines of YAML that run the folder."""
    name = re.sub("[^a-z0-9]+", "_", findings.folder.resolve().name.lower()).strip("_") or "data"
    if not name.startswith("my_"):  # So that it is no number for YAML, and no data set that is known already.
        name = f"my_{name}"
    splits = ", ".join(f"{split}: {_quoted(path.name)}" for split, path in findings.files.items())
    lines = [
        "datasets:",
        f"  {name}:",
        f"    folder: {_quoted(str(findings.folder.resolve()))}",
        f"    format: {findings.format}",
        f"    types: [{', '.join(map(_quoted, types or findings.types))}]",
        f"    splits: {{{splits}}}",
        "",
        "grid:",
        f"  - datasets: [{name}]",
        "    text_encoders: [bilstm]",
    ]
    if findings.images:
        lines += ["    image_encoders: [cnn]", "    fusions: [text_only, linear, cross_attention]"]
    else:
        lines += ["    fusions: [text_only]"]
    return "\n".join([*lines, "    seeds: [1, 2, 3]"]) + "\n"


def _quoted(text: str) -> str:
    """``text`` in YAML: as it stands where that is safe (``no`` is not), else as a JSON string."""
    words = {"y", "n", "yes", "no", "on", "off", "true", "false", "null"}
    safe = re.fullmatch(r"[A-Za-z/][A-Za-z0-9_./-]*", text) and text.lower() not in words
    return text if safe else json.dumps(text, ensure_ascii=False)


def _from_error(error: UserError) -> Problem:
    what, _, remedy = str(error).rpartition(". ")
    return Problem(what, remedy) if what else Problem(str(error), "")


def _split_files(folder: Path) -> dict[str, Path]:
    if not folder.is_dir():
        raise UserError(f"{folder}: no such folder. Name the one that holds train, dev, test and images/.")
    files = {}
    for split in SPLITS:
        found = [folder / f"{name}{ending}" for name in NAMES[split] for ending in ENDINGS]
        found = [path for path in found if path.is_file()]
        if len(found) > 1:
            names = ", ".join(path.name for path in found)
            raise UserError(f"{folder}: {names} could all be the split {split!r}. Keep one of them.")
        files.update((split, path) for path in found)
    if "train" not in files:
        texts = sorted(path.name for path in folder.glob("*.txt"))
        if texts and not format_of(folder / texts[0]):
            stems = {Path(name).stem for name in texts}
            pictures = {path.stem for path in files_below(folder) if path.suffix.lower() in IMAGE_SUFFIXES}
            shown = f", {len(stems & pictures)} of them beside a picture of the same name" if pictures else ""
            raise UserError(
                f"{folder}: {len(texts)} plain texts without tags{shown}. `mnerflow predict RUN {folder} "
                "--format label_studio` suggests their names, to be corrected there: docs/own_texts.md says "
                "how to go on."
            )
        present = ", ".join(sorted(path.name for path in folder.iterdir())[:10]) or "nothing"
        raise UserError(
            f"{folder}: no training posts among {present}. "
            "Call the file train.jsonl (JSON lines) or train.conll (a token and its tag a line)."
        )
    return files


def _format_of(path: Path) -> str:
    """The format of a file, none of an empty one; raises ``UserError`` where none is known."""
    if (found := format_of(path)) or not read_text(path).strip():
        return found
    first = next(line for _, line in read_lines(path) if line.strip())
    raise UserError(
        f"{path}: no format with tags that is known; it begins with {_short(first)!r}. {UNTAGGED} If they "
        "are tagged, name their --format"
    )


def _place(findings: Findings, split: str, line: int, post: Post) -> str:
    return f"{findings.files[split]}:{line}: post {post.id!r}"


def _posts(findings: Findings) -> Iterator[tuple[str, Post]]:
    """Every post after its place."""
    for split, posts in findings.splits.items():
        for line, post in posts:
            yield _place(findings, split, line, post), post


def _fields(findings: Findings) -> Iterator[Problem]:
    if findings.format != "jsonl":
        return
    known = {*jsonl.KNOWN, *OTHER_NAMES.values()}
    for path in findings.files.values():
        found: Counter[str] = Counter()
        with suppress(UserError):  # a malformed line is named already
            for number, line in jsonl.records(path):
                found.update(json_object(line, f"{path}:{number}").keys() - known)
        for name, count in sorted(found.items()):
            yield Problem(
                f"{path}: the field {name!r}, in {count} posts",
                "It is not read. Rename it if it should be.",
                False,
            )


def _ids(findings: Findings) -> Iterator[Problem]:
    home: dict[str, str] = {}
    for place, post in _posts(findings):
        if post.id in home:
            yield Problem(f"{place} has the id of {home[post.id]}", "Give every post an id of its own.")
        home.setdefault(post.id, place.rpartition(": post")[0])


def _splits(findings: Findings) -> Iterator[Problem]:
    missing = [split for split in SPLITS if split not in findings.files]
    if missing:
        groups = {post.group or post.id for _, post in findings.splits["train"]}
        what = f"{findings.folder}: no file for {' and '.join(missing)}, so a tenth of train is drawn"
        enough = len(groups) > len(missing)
        remedy = "Add the file, or choose `dev_fraction`, `test_fraction` and `seed`."
        yield Problem(
            what if enough else f"{what}, but train has {len(groups)} posts or groups", remedy, not enough
        )
    posts = {split: [post for _, post in numbered] for split, numbered in findings.splits.items()}
    for what, key, remedy in (
        (
            "text",
            lambda post: " ".join(post.tokens),
            "Leave a text in one split: a model that has seen it knows it.",
        ),
        (
            "group",
            lambda post: post.group,
            "Leave a group in one split, or remove the split files and let it be drawn.",
        ),
    ):
        for found in straddling(posts, key):
            places = "; ".join(f"{split} {', '.join(ids)}" for split, ids in found["ids"].items())
            yield Problem(
                f"{what} {_short(found['value'])!r} stands in several splits: {places}", remedy, False
            )


def _tags(findings: Findings) -> Iterator[Problem]:
    for place, post in _posts(findings):
        for index in strays(post.labels):
            tag, after = post.labels[index], post.labels[index - 1] if index else "the start"
            yield Problem(
                f"{place}, token {index + 1} ({_short(post.tokens[index])!r}): {tag} after {after}",
                "A stray I- counts as the start of an entity. Set `repair: true` to read it as B-.",
                False,
            )
    for split, posts in findings.splits.items():
        if posts and all(tag == OUTSIDE for _, post in posts for tag in post.labels):
            what = f"{findings.files[split]}: not one entity in {len(posts)} posts"
            yield Problem(
                what, "Look whether the tags are in the last column or in `labels`.", split == "train"
            )


def _tokens(findings: Findings) -> Iterator[Problem]:
    for place, post in _posts(findings):
        for index, token in enumerate(post.tokens):
            # Separators, controls and format characters, and marks (U+FE0F) with nothing to stand on.
            if all(category(character)[0] in "ZCM" for character in token):
                yield Problem(
                    f"{place}, token {index + 1}: {token!a} shows nothing",
                    "Such a token stays and is scored. Remove it with its tag if you do not want that.",
                    False,
                )


def _types(findings: Findings, types: Sequence[str] | None) -> Iterator[Problem]:
    near = _neighbours(types or findings.types)
    if types:
        known = {*types}
        hint = cache(lambda kind: suggest(kind, near(kind)))
        for place, post in _posts(findings):
            for index, tag in enumerate(post.labels):
                kind = entity_type(tag)
                if kind and kind not in known:
                    where = f"{place}, token {index + 1}"
                    yield Problem(
                        f"{where}: the label {tag!r} is none of {listed(types)}{hint(kind)}",
                        "Mend it, add its type to --types, or rename it by `map`.",
                    )
    else:
        rank = {kind: number for number, kind in enumerate(findings.types)}
        for one in findings.types:
            for other in sorted(near(one), key=rank.__getitem__):
                if rank[other] > rank[one] and _alike(one, other):
                    yield Problem(
                        f"types {one} ({findings.types[one]} entities) and {other} ({findings.types[other]})",
                        "If the two are one type, rename the rarer one by `map: {RARER: OTHER}`.",
                        False,
                    )
    in_train = {kind for _, post in findings.splits["train"] for kind, _, _ in spans(post.labels)}
    for kind in types or findings.types:
        if kind not in in_train:
            what = f"{findings.files['train']}: no entity of the type {kind}"
            yield Problem(what, "A model cannot learn what training does not show.", False)


def _neighbours(names: Iterable[str]) -> Callable[[str], set[str]]:
    """Tells which of ``names`` stand near another one in the alphabet, read forwards or backwards.

    Names that are alike differ early or late, and are among them: a few, however many names there are.
    """
    orders = [(step, sorted((name.casefold()[::step], name) for name in names)) for step in (1, -1)]

    def near(name: str) -> set[str]:
        found = set()
        for step, order in orders:
            at = bisect(order, (name.casefold()[::step], name))
            found.update(other for _, other in order[max(0, at - NEAR) : at + NEAR])
        return found

    return near


def _alike(one: str, other: str) -> bool:
    one, other = sorted((one.casefold(), other.casefold()), key=len)
    return other.startswith(one) or SequenceMatcher(None, one, other).ratio() >= 0.8


def _images(findings: Findings) -> Iterator[Problem]:
    folder = findings.folder / "images"
    users: dict[str, list[str]] = defaultdict(list)
    without = []
    for place, post in _posts(findings):
        for name in post.images:
            users[name].append(place)
        if not post.images:
            without.append(place)
    if not users:
        what = f"{findings.folder}: no post has an image"
        yield Problem(what, "Only text can be read: ask for the fusion text_only.", False)
        return
    for place in without:
        yield Problem(f"{place} has no image", "The post stays, and is read without an image.", False)
    if not folder.is_dir():
        what = f"{folder}: no such folder, but {len(users)} images are named"
        yield Problem(what, "Put the images there, or ask for text_only.")
        return
    with ThreadPoolExecutor(cpu_count()) as pool:
        reasons = list(pool.map(lambda name: _reason(folder, name), users))
    findings.images = sum(reason in ("", NO_END) for reason in reasons)
    present = {str(path.relative_to(folder)) for path in files_below(folder)}
    by_stem = {_stem(name): name for name in sorted(present, reverse=True)}
    for name, reason in zip(users, reasons, strict=True):
        if reason == NO_END:
            yield Problem(
                f"{users[name][0]}: image {name!r} lacks the mark that ends a JPEG, and nothing else",
                "It is read. Save it anew, or fetch it again, if its end should be sure.",
                False,
            )
        elif reason:
            near = by_stem.get(_stem(name)) if reason == "missing" else None
            hint = f"; there is {near!r}" if near else ""
            others = f" (and {len(users[name]) - 1} more)" if len(users[name]) > 1 else ""
            yield Problem(
                f"{users[name][0]}{others}: image {name!r} is {reason}{hint}",
                "Mend it. A blank image stands in, unless `images: {broken: fail}` or `drop` is chosen.",
                False,
            )
    if not findings.images:
        yield Problem(
            f"{folder}: not one of {len(users)} images can be used", "Mend the images, or ask for text_only."
        )
    for name in sorted(present - {str(Path(name)) for name in users}):
        if name.lower().endswith(IMAGE_SUFFIXES):
            yield Problem(f"{folder / name} belongs to no post", "It is left out.", False)


def _stem(name: str) -> str:
    return normalize("NFC", Path(name).stem).casefold()


def _reason(folder: Path, name: str) -> str:
    """Why an image cannot be used, or the remark on one that can."""
    try:
        return decode(folder, name, LOOK)[1]
    except BrokenImage as reason:
        return str(reason)


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:59]}…"
