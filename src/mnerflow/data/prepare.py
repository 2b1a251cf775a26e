"""From a data set's raw files to its three prepared splits and a report of what was found."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from itertools import chain, repeat
from pathlib import Path
from typing import Any

from mnerflow.data.config import PrepareConfig
from mnerflow.data.contexts import Texts, numbered, read_context
from mnerflow.data.drawn_splits import draw_missing
from mnerflow.data.formats import parse_lines
from mnerflow.data.ids import make_ids_distinct
from mnerflow.data.overlap import shared_posts
from mnerflow.data.post import SPLITS, Post, read_posts, write_splits
from mnerflow.data.post_store import Places, PostStore
from mnerflow.data.prepare_report import WITHOUT_ENTITIES, ContextReport, Report, SplitReport, straddling
from mnerflow.data.tags import OUTSIDE, entity_type, repair, spans, strays
from mnerflow.errors import UserError, listed, quantity, suggest
from mnerflow.files.paths import inside
from mnerflow.log import logger


def prepare(
    config: PrepareConfig,
    raw: Path,
    out: Path,
    without: Sequence[Path] = (),
    made: Path | None = None,
) -> Report:
    """Write ``out/{train,dev,test}.jsonl`` and ``out/report.json``, all of them or none.

    Posts that also occur in one of the prepared files ``without`` are left out and listed in the report.
    ``made`` is the folder of the contexts that a language model wrote, ``raw`` by default. Raises
    ``UserError`` naming file and post for anything malformed, a label outside ``config.types``, an id that
    occurs twice in the data set, an empty split, and a context that no post has.
    """
    types = types_found(config, raw) if isinstance(config.types, str) else config.types
    config = replace(config, types=types)
    _check(config)
    read = _read(config, raw)
    splits = draw_missing(config, read, raw)
    words = numbered(map(_words, _all(splits))) if config.contexts else repeat("")
    left_out = _leave_out(without, splits) if without else {}
    files = {str(split): files for split, files in config.splits.items()}
    sources = {split: files.get(split, "drawn from train") for split in splits}
    for split, posts in splits.items():
        if len(posts) == len(left_out.get(split, ())):
            raise UserError(
                f"{raw}: no posts for the split {split!r} ({sources[split]}). Give the set more posts."
            )
    gone = {*chain.from_iterable(left_out.values())}
    contexts = _contexts(config, raw, made or raw, (post for post in _all(splits) if post.id not in gone))
    report = Report(
        splits={split: SplitReport.of(types) for split in splits},
        drawn_splits=[split for split in SPLITS if split not in read],
        mapped=dict.fromkeys(config.map, 0),
        left_out=left_out,
        first_tokens_dropped=dict.fromkeys(splits, 0) if config.drop_first_token else {},
        contexts={name: ContextReport() for name in contexts},
    )
    finished = {}
    for split, posts in splits.items():
        kept = ((post, text) for post, text in zip(posts, words, strict=False) if post.id not in gone)
        finished[split] = PostStore(_finished(config, raw, split, kept, contexts, report))
    for split, counts in report.splits.items():
        if not any(counts.entities.values()):
            logger.warning(
                "%s: not one entity in the split %r (%s): %s. Check its tags; "
                "without a file, it is drawn from train",
                raw,
                str(split),
                sources[split],
                WITHOUT_ENTITIES[split],
            )
    for name, context in contexts.items():
        _check_context(name, context, report.contexts[name], config, raw)
        report.contexts[name].surplus = [key for key in context.texts if key not in context.used]
    report.repeated_texts = straddling(finished, _words)
    report.straddling_groups = straddling(finished, lambda post: post.group)
    text = json.dumps(asdict(report), indent=2, ensure_ascii=False) + "\n"
    write_splits(out, finished, {"report.json": text})
    return report


def types_found(config: PrepareConfig, raw: Path) -> list[str]:
    """The entity types of the raw files after ``config.map``, sorted.

    Raises ``UserError`` for malformed files, and if there is no entity.
    """
    kinds = {
        config.map.get(kind, kind)
        for _, path, options in _files(config, raw)
        for _, post in parse_lines(config.format, path, None, config.scheme, options)
        for kind, _, _ in spans(post.labels)
    } - {OUTSIDE}
    if not kinds:
        raise UserError(
            f"{raw}: types: auto, but not one entity is tagged. Look through it by `mnerflow check`."
        )
    return sorted(kinds)


def _files(config: PrepareConfig, raw: Path) -> Iterator[tuple[str, Path, dict[str, Any]]]:
    """Yield split, path and format options of every raw file, split by split."""
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
                f"{', '.join(config.types)}{suggest(target, config.types)}. Name one of them."
            )


def _read(config: PrepareConfig, raw: Path) -> dict[str, PostStore]:
    """The posts of every split that has files, all of known types and with unique ids."""
    splits: dict[str, PostStore] = {split: PostStore() for split in SPLITS if split in config.splits}
    homes: list[Iterator[Path]] = []  # the file of each post, in the posts' order
    files: dict[str, list[Path]] = {split: [] for split in splits}
    known = dict.fromkeys([*config.types, *config.map])
    for split, path, options in _files(config, raw):
        before = len(splits[split])
        files[split].append(path)
        for _, post in parse_lines(config.format, path, None, config.scheme, options, raw):
            _check_types(post, config, known, path)
            splits[split].add(post)
        homes.append(repeat(path, len(splits[split]) - before))
    if make_ids_distinct(splits, files):
        logger.info("%s: ids begin anew in each split, so each post's begins with its split", raw)
    places, ids = Places(), chain.from_iterable(posts.ids() for posts in splits.values())
    for identifier, path in zip(ids, chain.from_iterable(homes), strict=True):
        if home := places.add(identifier, str(path)):
            raise UserError(
                f"{path}: post {identifier!r} stands in {home} already. "
                "Ids must be unique in the whole set; change one of them or its file's name."
            )
    return splits


def _check_types(post: Post, config: PrepareConfig, known: dict[str, None], path: Path) -> None:
    for index, tag in enumerate(post.labels):
        if (kind := entity_type(tag)) and kind not in known:
            raise UserError(
                f"{path}: post {post.id!r}, token {index + 1}: the label {tag!r} is outside the types "
                f"{listed(config.types)}{suggest(kind, known)}. "
                "Mend it, or name its type in 'types' or 'map'."
            )


def _leave_out(without: Sequence[Path], splits: Mapping[str, PostStore]) -> dict[str, list[str]]:
    """The ids, by split, of the posts that also occur in the files ``without``."""
    elsewhere = [post for path in without for post in read_posts(path)]
    return {
        split: sorted({post.id for post, _ in shared_posts(posts, elsewhere)})
        for split, posts in splits.items()
    }


def _contexts(config: PrepareConfig, raw: Path, made: Path, posts: Iterable[Post]) -> dict[str, Texts]:
    """The texts of every context that has files; no texts for a context that only the posts bring."""
    contexts = {
        name: read_context(files, made if files.asked else raw) for name, files in config.contexts.items()
    }
    brought = dict.fromkeys(name for post in posts for name in post.contexts)
    return contexts | {name: Texts("id", {}) for name in brought if name not in contexts}


def _check_context(
    name: str, context: Texts, report: ContextReport, config: PrepareConfig, raw: Path
) -> None:
    """Raise ``UserError`` if no post of train or test has a file's context; warn if posts bring theirs.

    Nothing can then be learnt from it, or said about it. Dev only chooses an epoch.
    """
    if not (lacking := [split for split in ("train", "test") if not report.posts[split]]):
        return
    where = f" of the split {listed(lacking)}" if any(report.posts.values()) else ""
    said = f"{raw}: not one post{where} has the context {name!r}"
    if name not in config.contexts:
        logger.warning("%s: what it is worth cannot be said", said)
        return
    keys = {"image": "the names of images", "id": "ids", "words": "words"}[context.by]
    without = next(chain.from_iterable(report.lacking[split] for split in lacking), "")
    example = f", such as {without!r}" if without and context.by == "id" else ""
    raise UserError(
        f"{said}, though {', '.join(config.contexts[name].files)} holds "
        f"{quantity(len(context.texts), 'entry', 'entries')}, found by {keys}{example}. "
        "Correct them, or name another file."
    )


def _finished(
    config: PrepareConfig,
    raw: Path,
    split: str,
    posts: Iterable[tuple[Post, str]],
    contexts: Mapping[str, Texts],
    report: Report,
) -> Iterator[Post]:
    """Yield the posts of a split as they are to be written; count in the report what is done to them.

    Each post comes with its words as they were read, ``numbered``.
    """
    counts = report.splits[split]
    for post, words in posts:
        if config.drop_first_token and len(post.tokens) > 1:
            report.first_tokens_dropped[split] += post.labels[0] != OUTSIDE
            del post.tokens[0], post.labels[0]
        counts.count_strays(post.labels)
        if config.repair:
            report.repaired += _repair(post)
        _map(config.map, post, report.mapped)
        for name, context in contexts.items():
            _attach(name, context, post, words, split, report.contexts[name], raw)
        post.language = post.language or config.language
        counts.count(post)
        yield post


def _map(names: Mapping[str, str], post: Post, mapped: dict[str, int]) -> None:
    """Rename entity types, and count the renamed tags of each type.

    A stray ``I-`` becomes ``B-`` where two types that get one name meet: it begins an entity there, too.
    """
    annotated, begins = post.labels, {*strays(post.labels)}
    post.labels = [_mapped(names, tag) for tag in annotated]
    for kind in filter(names.__contains__, map(entity_type, annotated)):
        mapped[kind] += 1
    for index in begins - {*strays(post.labels)}:
        if post.labels[index] != OUTSIDE:
            post.labels[index] = f"B-{entity_type(post.labels[index])}"


def _mapped(names: Mapping[str, str], tag: str) -> str:
    new = names.get(kind := entity_type(tag), kind)
    return OUTSIDE if new in ("", OUTSIDE) else tag[:2] + new


def _repair(post: Post) -> int:
    annotated, post.labels = post.labels, repair(post.labels)
    return sum(old != new for old, new in zip(annotated, post.labels, strict=True))


def _attach(
    name: str, context: Texts, post: Post, words: str, split: str, report: ContextReport, raw: Path
) -> None:
    """Add a context to a post: the texts of its images, or the one for its id or words."""
    keys = {"image": post.images, "id": [post.id], "words": [words]}[context.by]
    found = context.texts_of(keys)
    text = " ".join(filter(str.strip, found))
    if text and post.contexts.setdefault(name, text) != text:
        raise UserError(
            f"{raw}: post {post.id!r} brings the context {name!r}, and a file has another for it. "
            "Remove one of them."
        )
    if name in post.contexts:
        report.posts[split] += 1
    else:
        (report.empty if found else report.lacking)[split].append(post.id)


def _words(post: Post) -> str:
    return " ".join(post.tokens)


def _all(splits: Mapping[str, PostStore]) -> Iterator[Post]:
    return (post for posts in splits.values() for post in posts)
