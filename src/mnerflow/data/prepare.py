"""From a data set's raw files to its three prepared splits and a report of what was found."""

import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from itertools import chain
from pathlib import Path
from typing import Any

from mnerflow.data.config import PrepareConfig
from mnerflow.data.contexts import Texts, numbered, read_context
from mnerflow.data.formats import parse
from mnerflow.data.ids import made_distinct
from mnerflow.data.overlap import shared_posts
from mnerflow.data.post import SPLITS, Post, read_posts, write_splits
from mnerflow.data.prepare_report import ContextReport, Report, count_split, count_strays, straddling
from mnerflow.data.tags import OUTSIDE, entity_type, repair, spans
from mnerflow.errors import UserError, listed, quantity, suggest
from mnerflow.files import inside
from mnerflow.log import logger


def prepare(
    config: PrepareConfig,
    raw: Path,
    out: Path,
    without: Sequence[Path] = (),
    made: Path | None = None,
) -> Report:
    """Write ``out/{train,dev,test}.jsonl`` and ``out/report.json``, all of them or none.

    Posts that also stand in one of the prepared files ``without`` are left out and listed in the report.
    ``made`` is where the contexts lie that a language model wrote, ``raw`` unless it is given.
    Raises ``UserError`` naming file and post for anything malformed, a label outside ``config.types``,
    an id that stands twice in the set, a split that is empty, and a context of no post.
    """
    types = types_found(config, raw) if isinstance(config.types, str) else config.types
    config = replace(config, types=types)
    _check(config)
    read = _read(config, raw)
    splits = _draw_missing_splits(config, read, raw)
    words: dict[str, str] = {}
    if config.contexts:
        words = dict(
            zip((post.id for post in _all(splits)), numbered(map(_words, _all(splits))), strict=True)
        )
    left_out = _leave_out(without, splits) if without else {}
    first_tokens = _drop_first_tokens(splits) if config.drop_first_token else {}
    mapped = _map(config.map, splits)
    for split, posts in splits.items():
        if not posts:
            files = {str(name): files for name, files in config.splits.items()}
            source = files.get(split, "drawn from train")
            raise UserError(f"{raw}: no posts for the split {split!r} ({source}). Give the set more posts.")
    strays = {split: count_strays(posts) for split, posts in splits.items()}
    repaired = sum(_repair(post) for post in _all(splits)) if config.repair else 0
    contexts = _attach_contexts(config, raw, made or raw, splits, words)
    for post in _all(splits):
        post.language = post.language or config.language
    report = Report(
        splits={split: count_split(posts, types, strays[split]) for split, posts in splits.items()},
        drawn_splits=[split for split in SPLITS if split not in read],
        mapped=mapped,
        repaired=repaired,
        left_out=left_out,
        first_tokens_dropped=first_tokens,
        repeated_texts=straddling(splits, _words),
        straddling_groups=straddling(splits, lambda post: post.group),
        contexts=contexts,
    )
    text = json.dumps(asdict(report), indent=2, ensure_ascii=False) + "\n"
    write_splits(out, splits, {"report.json": text})
    return report


def types_found(config: PrepareConfig, raw: Path) -> list[str]:
    """The entity types of the raw files after ``config.map``, by name.

    Raises ``UserError`` for what is malformed, and where there is no entity.
    """
    kinds = {
        config.map.get(kind, kind)
        for _, path, options in _files(config, raw)
        for post in parse(config.format, path, None, config.scheme, options)
        for kind, _, _ in spans(post.labels)
    } - {OUTSIDE}
    if not kinds:
        raise UserError(
            f"{raw}: types: auto, but not one entity is tagged. Look through it by `mnerflow check`."
        )
    return sorted(kinds)


def _files(config: PrepareConfig, raw: Path) -> Iterator[tuple[str, Path, dict[str, Any]]]:
    """Split, path and options of the format of every raw file, split by split."""
    for split in (split for split in SPLITS if split in config.splits):
        names = config.splits[split]
        options = config.options | ({"split": split} if config.split_key else {})
        for name in [names] if isinstance(names, str) else names:
            yield split, inside(raw, name), options


def _check(config: PrepareConfig) -> None:
    for name, target in config.map.items():
        if target not in (*config.types, OUTSIDE):
            raise UserError(
                f"map: {name!r} is mapped to {target!r}, which is neither O nor one of the types "
                f"{', '.join(config.types)}{suggest(target, config.types)}."
            )


def _read(config: PrepareConfig, raw: Path) -> dict[str, list[Post]]:
    """Posts of every split that has files, all of known types."""
    splits: dict[str, list[Post]] = {split: [] for split in SPLITS if split in config.splits}
    files: dict[str, list[Path]] = {split: [] for split in splits}  # of each post, in its order
    known = dict.fromkeys([*config.types, *config.map])
    for split, path, options in _files(config, raw):
        for post in parse(config.format, path, None, config.scheme, options):
            _check_types(post, config, known, path)
            splits[split].append(post)
            files[split].append(path)
    if made_distinct(splits):
        logger.info("%s: ids begin anew in each split, so each post's begins with its split", raw)
    home: dict[str, Path] = {}
    for post, path in zip(_all(splits), chain(*files.values()), strict=True):
        if post.id in home:
            raise UserError(
                f"{path}: post {post.id!r} stands in {home[post.id]} already. "
                "Ids must be unique in the whole set; change one of them or its file's name."
            )
        home[post.id] = path
    return splits


def _check_types(post: Post, config: PrepareConfig, known: dict[str, None], path: Path) -> None:
    for index, tag in enumerate(post.labels):
        if (kind := entity_type(tag)) and kind not in known:
            raise UserError(
                f"{path}: post {post.id!r}, token {index + 1}: the label {tag!r} is outside the types "
                f"{listed(config.types)}{suggest(kind, known)}. "
                "Mend it, or name its type in 'types' or 'map'."
            )


def _draw_missing_splits(
    config: PrepareConfig, read: dict[str, list[Post]], raw: Path
) -> dict[str, list[Post]]:
    """All three splits; those not read are drawn from train, group by group, each in train's order."""
    fractions = {"dev": config.dev_fraction, "test": config.test_fraction}
    missing = [split for split in fractions if split not in read]
    if sum(fractions[split] for split in missing) >= 1:
        raise UserError(f"{raw}: dev_fraction and test_fraction leave nothing to train on. Lower them.")
    train = read["train"]
    by_name: dict[str | int, list[int]] = {}
    for index, post in enumerate(train):
        by_name.setdefault(post.group or index, []).append(index)
    groups = list(by_name.values())
    random.Random(config.seed).shuffle(groups)
    if missing and len(groups) <= len(missing):
        raise UserError(
            f"{raw}: too few posts or groups in train ({len(groups)}) to draw {' and '.join(missing)} from. "
            "Give the set more posts, or a file for each split."
        )
    result = dict(read)
    for before, split in enumerate(missing):
        wanted = max(1, round(fractions[split] * len(train)))
        drawn = _draw(groups, wanted, keep=len(missing) - before)
        result[split] = [train[index] for index in drawn]
    result["train"] = [train[index] for index in sorted(chain.from_iterable(groups))]
    return {split: result[split] for split in SPLITS}


def _draw(groups: list[list[int]], wanted: int, keep: int) -> list[int]:
    """Take groups of posts off the end of ``groups`` that bring their sum nearer to ``wanted``, one at least;
    leave ``keep`` of them.
    """
    drawn: list[list[int]] = []
    posts = 0
    for group in reversed(groups):
        nearer = abs(posts + len(group) - wanted) < abs(posts - wanted)
        if nearer and len(groups) - len(drawn) > keep:
            drawn.append(group)
            posts += len(group)
    drawn = drawn or [min(groups, key=len)]
    taken = set(chain.from_iterable(drawn))
    groups[:] = [group for group in groups if group[0] not in taken]
    return sorted(taken)


def _map(names: dict[str, str], splits: dict[str, list[Post]]) -> dict[str, int]:
    """Rename entity types; returns how many tags of each were renamed."""
    mapped = dict.fromkeys(names, 0)
    for post in _all(splits):
        for index, tag in enumerate(post.labels):
            if (kind := entity_type(tag)) in names:
                post.labels[index] = OUTSIDE if names[kind] == OUTSIDE else tag[:2] + names[kind]
                mapped[kind] += 1
    return mapped


def _leave_out(without: Sequence[Path], splits: dict[str, list[Post]]) -> dict[str, list[str]]:
    """Take the posts of the files ``without`` out of the splits; returns their ids by split."""
    elsewhere = [post for path in without for post in read_posts(path)]
    left_out = {}
    for split, posts in splits.items():
        shared = {post.id for post, _ in shared_posts(posts, elsewhere)}
        left_out[split] = sorted(shared)
        splits[split] = [post for post in posts if post.id not in shared]
    return left_out


def _drop_first_tokens(splits: dict[str, list[Post]]) -> dict[str, int]:
    """Take the first token from every post that has another; returns by split how many were tagged."""
    lost = {}
    for split, posts in splits.items():
        shortened = [post for post in posts if len(post.tokens) > 1]
        lost[split] = sum(post.labels[0] != OUTSIDE for post in shortened)
        for post in shortened:
            del post.tokens[0], post.labels[0]
    return lost


def _repair(post: Post) -> int:
    annotated, post.labels = post.labels, repair(post.labels)
    return sum(old != new for old, new in zip(annotated, post.labels, strict=True))


def _attach_contexts(
    config: PrepareConfig, raw: Path, made: Path, splits: dict[str, list[Post]], words: dict[str, str]
) -> dict[str, ContextReport]:
    """Give posts the contexts that stand in files; returns what was found of these and of the posts' own.

    ``words`` are those of each post as they were read, ``numbered``, by its id; none where no file is read.
    """
    files = config.contexts
    reports = {}
    for name in dict.fromkeys([*files, *(name for post in _all(splits) for name in post.contexts)]):
        context = Texts("id", {})
        if name in files:
            context = read_context(files[name], made if files[name].asked else raw)
        reports[name] = report = _attach(name, context, splits, words, raw)
        if not any(report.posts.values()):
            raise UserError(
                f"{raw}: not one post has the context {name!r}, though {', '.join(files[name].files)} holds "
                f"{quantity(len(context.texts), 'entry', 'entries')}, found by {context.by}; "
                "correct them, or name another file."
            )
    return reports


def _attach(
    name: str, context: Texts, splits: dict[str, list[Post]], words: dict[str, str], raw: Path
) -> ContextReport:
    """Give every post the texts of its images, or its own."""
    report = ContextReport()
    keys: set[str] = set()
    for split, posts in splits.items():
        lacking: list[str] = []
        empty: list[str] = []
        for post in posts:
            keys_of_post = {"image": post.images, "id": [post.id], "words": [words.get(post.id, "")]}[
                context.by
            ]
            keys.update(keys_of_post)
            found = [context.texts[key] for key in keys_of_post if key in context.texts]
            text = " ".join(filter(None, found))
            if text and post.contexts.setdefault(name, text) != text:
                raise UserError(
                    f"{raw}: post {post.id!r} brings the context {name!r}, and a file has another for it. "
                    "Remove one of them."
                )
            if name not in post.contexts:
                (empty if found else lacking).append(post.id)
        report.posts[split] = len(posts) - len(lacking) - len(empty)
        report.lacking[split], report.empty[split] = lacking, empty
    report.surplus = [key for key in context.texts if key not in keys]
    return report


def _words(post: Post) -> str:
    return " ".join(post.tokens)


def _all(splits: dict[str, list[Post]]) -> Iterator[Post]:
    return (post for posts in splits.values() for post in posts)
