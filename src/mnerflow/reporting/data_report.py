"""The report on a data set: its contents, and what a reader of its scores should know."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence, Sized
from dataclasses import astuple
from itertools import product
from pathlib import Path
from typing import Any

from mnerflow.data.facts import FREQUENT, MAJORITY, disagreements, lengths, overlap, tag_counts
from mnerflow.data.image_store import Entry, read_index
from mnerflow.data.post import Post, read_splits
from mnerflow.data.tags import Names, renamed
from mnerflow.data.tokenizers import UNSEGMENTED
from mnerflow.errors import quantity
from mnerflow.files.json_text import read_json
from mnerflow.files.writing import write_text
from mnerflow.reporting.plots.entity_types import draw_entity_types
from mnerflow.reporting.plots.lengths import draw_lengths
from mnerflow.reporting.plots.tags import ordered_tags
from mnerflow.reporting.render import Rendered, markdown_escape

LISTED = 20  # rows of a list; a longer one says where the rest is
IDS = 5  # ids per row


def write_data_report(
    out: Path,
    about: Mapping[str, Any],
    prepared: Path,
    filters: Sequence[Path] = (),
    index: Path | None = None,
    placement: Path | None = None,
) -> None:
    """Write ``out`` (Markdown), and next to it ``<name>.lengths`` and ``<name>.entity_types`` (PNG and SVG).

    Args:
        out: the page to write.
        about: what the data set is, values of ``config.datasets.About``.
        prepared: the folder with its posts and ``report.json``.
        filters: the ``summary.json`` of each filter that was run.
        index: the index of an image store.
        placement: PONER's report; ``<name>.crops.png`` is then next to ``out``.

    Raises:
        UserError: when one of these files is malformed.
    """
    title, names = about.get("title", out.stem), about.get("type_names", {})
    splits, report = read_splits(prepared), read_json(prepared / "report.json")
    stem = out.with_suffix("")
    draw_lengths(splits, title, f"{stem}.lengths")
    for counts in report["splits"].values():
        counts["entities"] = {names.get(kind, kind): count for kind, count in counts["entities"].items()}
    entities = {split: counts["entities"] for split, counts in report["splits"].items()}
    draw_entity_types(entities, title, f"{stem}.entity_types")
    parts = [
        f"# {title}\n",
        *_source(about),
        _counts(report["splits"], splits).markdown(),
        f"![Entity types]({out.stem}.entity_types.png) ![Tokens per post]({out.stem}.lengths.png)\n",
        _tags(splits, names).markdown(),
        _overlap(splits).markdown(),
        *_contexts(report["contexts"], splits),
        "## What preparation found\n",
        *_findings(report, prepared / "report.json"),
        "## Mentions labelled in several ways\n",
        *_disagreements(splits, names),
        "## Images\n",
        *_images(splits, index),
    ]
    if placement:
        parts += ["## Sentences on their pages\n", *_placement(read_json(placement))]
        parts.append(f"![Sentences and their crops]({out.stem}.crops.png)\n")
    if filters:
        parts += ["## Filters\n", *_filters([read_json(file) for file in filters])]
    write_text(out, "\n".join(parts))


def _source(about: Mapping[str, Any]) -> Iterator[str]:
    for name in ("language", "licence", "citation", "homepage"):
        if about.get(name):
            yield f"{name.capitalize()}: {about[name]}  "
    if about.get("caution"):
        yield f"\n**{about['caution']}**"
    yield ""


def _counts(counts: Mapping[str, dict[str, Any]], splits: Mapping[str, list[Post]]) -> Rendered:
    spread = {split: lengths(post.tokens for post in posts) for split, posts in splits.items()}
    rows = [
        ["posts", *(f"{each['posts']:,}" for each in counts.values())],
        ["tokens", *(f"{each['tokens']:,}" for each in counts.values())],
        ["tokens per post: median", *(f"{each.median:g}" for each in spread.values())],
        ["95th percentile", *(str(each.percentile_95) for each in spread.values())],
        ["largest", *(str(each.largest) for each in spread.values())],
        ["entities", *(f"{sum(each['entities'].values()):,}" for each in counts.values())],
    ]
    for kind in next(iter(counts.values()))["entities"]:
        rows.append([f"of type {kind}", *(f"{each['entities'][kind]:,}" for each in counts.values())])
    for name in ("posts_without_entities", "posts_without_image"):
        rows.append([name.replace("_", " "), *(_of(each[name], each["posts"]) for each in counts.values())])
    unsegmented = {
        split: sum(bool(UNSEGMENTED.search(token)) for post in posts for token in post.tokens)
        for split, posts in splits.items()
    }
    if any(unsegmented.values()):
        numbers = (_of(unsegmented[split], each["tokens"]) for split, each in counts.items())
        rows.append(["tokens of scripts without spaces", *numbers])
    empty = [sum(not post.tokens for post in posts) for posts in splits.values()]
    if any(empty):
        rows.append(["posts without tokens", *map(str, empty)])
    for name in ("stray_after_outside", "stray_after_other_type"):
        words = name.removeprefix("stray_").replace("_", " ").replace("outside", "O")
        rows.append([f"stray I- {words}", *(f"{each[name]:,}" for each in counts.values())])
    return Rendered("## Counts\n\nA stray `I-` is one that starts an entity.", ["count", *counts], rows)


def _tags(splits: Mapping[str, list[Post]], names: Names) -> Rendered:
    counts = {split: tag_counts(posts) for split, posts in splits.items()}
    rows = [
        [renamed(tag, names), *(_of(counter[tag], counter.total()) for counter in counts.values())]
        for tag in ordered_tags(tag for counter in counts.values() for tag in counter)
    ]
    return Rendered("## Tags\n\nNumber of tokens with each tag, as annotated.", ["tag", *counts], rows)


def _contexts(reports: Mapping[str, dict[str, Any]], splits: Mapping[str, list[Post]]) -> Iterator[str]:
    rows = []
    for (name, report), (split, posts) in product(reports.items(), splits.items()):
        counts = report["posts"][split], len(report["lacking"][split]), len(report["empty"][split])
        texts = [post.contexts[name].split() for post in posts if name in post.contexts]
        spread = [f"{length:g}" for length in astuple(lengths(texts))] if texts else ["–"] * 3
        rows.append([name, split, *(_of(count, len(posts)) for count in counts), *spread])
    if rows:
        columns = ["context", "split", "posts", "lacking", "empty", "median", "95th percentile", "largest"]
        head = (
            "## Contexts\n\nPosts that have a text, lack one or have an empty one, and the length of the "
            "texts in words."
        )
        yield Rendered(head, columns, rows).markdown()


def _overlap(splits: Mapping[str, list[Post]]) -> Rendered:
    rows = []
    for split in ("dev", "test"):
        share = overlap(splits["train"], splits[split])
        rows.append([split, *map(_share, (share.words, share.tokens, share.entities, share.other_type))])
    columns = [
        "split",
        "distinct tokens",
        "tokens",
        "entities with their type",
        "entities, only with another type",
    ]
    return Rendered(
        "## Overlap with training\n\nShares of dev and test that also occur in train.", columns, rows
    )


def _findings(report: Mapping[str, Any], file: Path) -> Iterator[str]:
    drawn = report["drawn_splits"]
    yield f"- Splits drawn from train: {', '.join(drawn) if drawn else 'none, all are as given'}."
    if report["left_out"]:
        counts = ", ".join(f"{split} {len(ids):,}" for split, ids in report["left_out"].items())
        yield f"- Posts left out because they are in a data set named in `without`: {counts}."
    for name, count in report["mapped"].items():
        yield f"- Tags renamed: {markdown_escape(name)}, {quantity(count, 'token')}."
    yield f"- Stray `I-` tags turned into `B-`: {report['repaired']:,}."
    if report["first_tokens_dropped"]:
        lost = ", ".join(f"{split} {count:,}" for split, count in report["first_tokens_dropped"].items())
        yield f"- First token of each post dropped. Of these tokens, part of an entity: {lost}."
    for name, context in report["contexts"].items():
        yield f"- Texts of the context {name} that belong to no post: {len(context['surplus']):,}."
    yield f"- Groups in several splits: {len(report['straddling_groups']):,}."
    texts = report["repeated_texts"]
    yield f"- Texts in several splits: {len(texts):,}, left where they are.\n"
    if texts:
        rows = [
            [_code(text["value"]), "; ".join(f"{split} {_some(ids)}" for split, ids in text["ids"].items())]
            for text in texts[:LISTED]
        ]
        yield Rendered("Texts in several splits", ["text", "ids"], rows, notes=_rest(texts, file)).markdown()


def _disagreements(splits: Mapping[str, list[Post]], names: Names) -> Iterator[str]:
    found = disagreements(post for posts in splits.values() for post in posts)
    minority = sum(len(one.minority_ids) for one in found)
    yield (
        f"Mentions that are annotated at least {FREQUENT} times, {MAJORITY:.0%} or more with one type and "
        f"the rest with another. The rest are {quantity(minority, 'entity', 'entities')}: annotation errors, "
        "but also uses that only the context tells apart.\n"
    )
    if found:
        rows = [
            [
                _code(one.mention),
                ", ".join(f"{names.get(kind, kind)} {count}" for kind, count in one.types.items()),
                _some(one.minority_ids),
            ]
            for one in found[:LISTED]
        ]
        yield Rendered(
            "The most frequent", ["mention", "entities by type", "posts that differ"], rows
        ).markdown()


def _images(splits: Mapping[str, list[Post]], index: Path | None) -> Iterator[str]:
    users: dict[str, str] = {}
    for split, posts in splits.items():
        for post in posts:
            for name in post.images:
                users.setdefault(name, f"{split} {post.id}")
    several = sum(len(post.images) > 1 for posts in splits.values() for post in posts)
    yield f"{quantity(len(users), 'image')}; {quantity(several, 'post has', 'posts have')} several.\n"
    if index is None:
        if users:
            yield "No run of this configuration reads them, so they were not checked.\n"
        return
    entries = {name: entry for name, entry in read_index(index).items() if name in users}
    problems = {name: entry for name, entry in entries.items() if entry.status != "ok"}
    counts = Counter(entry.reason for entry in problems.values())
    reasons = ", ".join(f"{reason} {count:,}" for reason, count in counts.most_common())
    yield f"Unusable: {_of(len(problems), len(entries))}{f' ({reasons})' if reasons else ''}.\n"
    if problems:
        yield _image_table("Unusable images", problems, users, index)
    remarks = {name: entry for name, entry in entries.items() if entry.status == "ok" and entry.reason}
    if remarks:
        yield f"Read, though the end mark of the JPEG is missing: {_of(len(remarks), len(entries))}.\n"
        yield _image_table("Images without their end mark", remarks, users, index)


def _image_table(title: str, entries: Mapping[str, Entry], users: Mapping[str, str], index: Path) -> str:
    rows = [
        [_code(name), entry.reason, entry.status, users.get(name, "")]
        for name, entry in list(entries.items())[:LISTED]
    ]
    columns = ["image", "reason", "treated as", "first post"]
    return Rendered(title, columns, rows, notes=_rest(entries, index)).markdown()


def _placement(report: Mapping[str, Any]) -> Iterator[str]:
    rows = [
        [split, *(f"{count:,}" for count in counts.values())] for split, counts in report["sentences"].items()
    ]
    columns = ["split", *next(iter(report["sentences"].values()))]
    note = (
        "`ambiguous`: the same sentence with the same labels occurs in several places, and each copy was "
        "assigned one of them. Sentences with `no scan` and those `not found` have no image."
    )
    yield Rendered("Sentences found on their page", columns, rows, notes=[note]).markdown()
    for name in ("leak of the published split", "leak of this split"):
        leak = report[name]
        seen = leak["test sentences of a page with training sentences"]
        yield (
            f"{name.capitalize()}: {leak['pages in several splits']:,} of {quantity(leak['pages'], 'page')} "
            f"in several splits; {_of(seen, leak['test sentences'])} of the test sentences on a page with "
            "training sentences.\n"
        )
    missing = report["pages without scan"]
    yield f"Pages without scan: {len(missing)}. Crops: {report['images']['crops']:,}.\n"


def _filters(summaries: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    for summary in summaries:
        rows = []
        for split, before in summary["before"].items():
            after, dropped = summary["after"][split], summary["dropped"][split]
            reasons = ", ".join(f"{reason} {count:,}" for reason, count in dropped.items()) or "nothing"
            rows.append([split, *(f"{before[name]:,} → {after[name]:,}" for name in before), reasons])
        columns = ["split", *next(iter(summary["before"].values())), "dropped"]
        caption = f"`{summary['filter']}`: what the model sees, before → after; scores count all words."
        yield Rendered(caption, columns, rows).markdown()


def _of(part: int, whole: int) -> str:
    return f"{part:,} ({_share(part / max(1, whole))})"


def _share(value: float) -> str:
    return f"{100 * value:.1f} %"


def _code(text: str) -> str:
    """``text`` as Markdown shows it unchanged, cut to 80 characters."""
    short = text if len(text) <= 80 else f"{text[:79]}…"
    return f"`{short.replace('`', 'ˋ')}`"


def _some(ids: Sequence[str]) -> str:
    rest = f" and {len(ids) - IDS} more" if len(ids) > IDS else ""
    return ", ".join(ids[:IDS]) + rest


def _rest(found: Sized, file: Path) -> list[str]:
    return [f"And {len(found) - LISTED:,} more, in `{file}`."] if len(found) > LISTED else []
