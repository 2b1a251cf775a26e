"""Filters, the named steps between preparation and training: one module each, found by its name.

A filter's module offers ``apply(posts, split, **options)``, which returns the remaining posts and what it
dropped. It hides tokens with ``Post.dropped`` and never removes one. Only training posts may be left out as
a whole.
"""

import inspect
import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, get_origin

from mnerflow.data.post import Post, read_splits, write_splits
from mnerflow.data.tags import spans
from mnerflow.errors import UserError, suggest
from mnerflow.files.csv_text import csv_text
from mnerflow.registry import load


@dataclass(frozen=True, slots=True)
class Drop:
    """A token, or without ``index`` a whole post, that a filter hid from the model, and why."""

    id: str
    reason: str
    index: int | None = None
    token: str = ""


def run_filter(name: str, options: dict[str, dict[str, Any]], source: Path, out: Path) -> dict[str, Any]:
    """Apply the filters in ``name`` (joined by ``+``, in that order) to the prepared folder ``source``.

    ``options`` contains the options of each filter by its name. Three kinds of files are written to ``out``,
    all or none: ``{train,dev,test}.jsonl``; ``dropped.csv`` (split, id, index, token, reason; ``index``
    counts from 0 and is empty for a whole post); and ``summary.json``, which is also returned. The summary
    gives for each split what the model sees ``before`` and ``after``, and what was ``dropped``, by reason.
    Raises ``UserError`` for an unknown filter or option and when nothing is left to train on.
    """
    steps = steps_of(name, options)
    splits = read_splits(source)
    before = {split: _visible(posts) for split, posts in splits.items()}
    rows: list[tuple[str | int | None, ...]] = []
    dropped: dict[str, dict[str, int]] = {}
    for split, posts in splits.items():
        drops: list[Drop] = []
        for module, chosen in steps:
            scored = _scored(posts)
            posts, found = module.apply(posts, split, **chosen)
            _check_kept(module, split, scored, _scored(posts))
            drops.extend(found)
        splits[split] = posts
        rows.extend((split, drop.id, drop.index, drop.token, drop.reason) for drop in drops)
        dropped[split] = dict(sorted(Counter(drop.reason for drop in drops).items()))
    if not splits["train"]:
        raise UserError(f"{source}: the filter {name!r} drops every training post. Choose weaker options.")
    after = {split: _visible(posts) for split, posts in splits.items()}
    summary = {"filter": name, "before": before, "after": after, "dropped": dropped}
    others = {
        "dropped.csv": csv_text(("split", "id", "index", "token", "reason"), rows),
        "summary.json": json.dumps(summary, indent=2, ensure_ascii=False) + "\n",
    }
    write_splits(out, splits, others)
    return summary


def steps_of(name: str, options: dict[str, dict[str, Any]]) -> list[tuple[ModuleType, dict[str, Any]]]:
    """The modules of the filters in ``name``, each with its options.

    Raises ``UserError`` for an unknown filter or option, and for a value of the wrong type.
    """
    steps = [(load("data.filters", step, "filters"), options.get(step, {})) for step in name.split("+")]
    for module, chosen in steps:
        _check_options(module, chosen)
    return steps


def _check_options(module: ModuleType, options: dict[str, Any]) -> None:
    name = module.__name__.rpartition(".")[2]
    known = dict(list(inspect.signature(module.apply).parameters.items())[2:])
    for option, value in options.items():
        if option not in known:
            raise UserError(
                f"filter {name!r}: the option {option!r} is not known{suggest(option, known)}. Leave it out."
            )
        kind = known[option].annotation
        kind = get_origin(kind) or kind
        if isinstance(value, bool) != (kind is bool) or not isinstance(value, (int, kind)):
            raise UserError(
                f"filters.{name}.{option}: {value!r} is not of the type {kind.__name__}. Correct it."
            )


Scored = dict[str, tuple[tuple[str, ...], tuple[str, ...]]]


def _scored(posts: list[Post]) -> Scored:
    return {post.id: (tuple(post.tokens), tuple(post.labels)) for post in posts}


def _check_kept(module: ModuleType, split: str, scored: Scored, kept: Scored) -> None:
    """Raise ``UserError`` if a filter changed what is scored: all variants are scored on the same words."""
    changed = [id for id in kept if kept[id] != scored.get(id)]
    changed += [id for id in scored if id not in kept and split != "train"]
    if changed:
        raise UserError(
            f"{module.__name__}: {split}: post {changed[0]!r} is not what it was. A filter hides tokens by "
            "`dropped`; it changes no token and no label, and leaves out training posts only. Mend it."
        )


def _visible(posts: list[Post]) -> dict[str, int]:
    """Numbers of posts, and of the tokens and entities in them that the model sees."""
    labels = [[post.labels[index] for index in post.kept] for post in posts]
    return {
        "posts": len(posts),
        "tokens": sum(map(len, labels)),
        "entities": sum(1 for tags in labels for _ in spans(tags)),
    }
