"""PONER as multimodal data: posts with the crops of their lines, and a report on the placement."""

from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

from mnerflow.data.pages.crops import crop_name, write_crops
from mnerflow.data.pages.stream import characters, groups_of_pages, without_white_space
from mnerflow.data.poner.align import EXPORT, STATUSES, Placement, place
from mnerflow.data.poner.label_studio import read_export
from mnerflow.data.poner.splits import Splits, leak, page_split, published_split
from mnerflow.data.post import write_posts
from mnerflow.errors import UserError
from mnerflow.files.csv_text import csv_text
from mnerflow.files.json_text import write_json
from mnerflow.files.reading import read_text
from mnerflow.files.writing import write_text

# The labels of Label Studio, and the names of these entity types in the CoNLL files.
TYPES = {
    "Personal names": "p",
    "Geographical names": "g",
    "Institutions": "i",
    "Time expressions": "t",
    "Artifact names/Objects": "o",
}


def make_multimodal(raw: Path, out: Path, split: str = "published", seed: int = 0) -> dict[str, Any]:
    """Write PONER with line crops to ``out``; return the content of ``report.json``.

    ``raw`` is the folder ``data`` of the PONER repository; ``split`` is ``published`` or ``page`` (by page,
    drawn from ``seed``). The files are ``{train,dev,test}.jsonl`` (posts keep their published id in both
    splits), ``images/<page>/<line>.jpg`` (each line once), ``placement.csv`` (the place and the split of each
    sentence; page and line names joined by ``;``) and ``report.json``. A sentence without crops is kept,
    without images. ``group`` is its page; pages that share a sentence are one group. Raises ``UserError`` as
    ``place`` and ``write_crops`` do.
    """
    if split not in ("published", "page"):
        raise UserError(f"PONER split {split!r} is not known. Choose 'published' or 'page'.")
    raw, out = Path(raw), Path(out)
    placement = place(raw)
    groups = groups_of_pages(sentence.pages for sentence in placement.sentences)
    for sentence in placement.sentences:
        if sentence.lines:
            sentence.post.group = groups[sentence.pages[0]]
        if sentence.has_images:
            sentence.post.images = [crop_name(page, line) for page, line in sentence.lines]
    published = published_split(placement)
    splits = published if split == "published" else page_split(placement, seed)

    annotation = _compare_annotation(raw, placement)
    shown = (line for sentence in placement.sentences if sentence.has_images for line in sentence.lines)
    crops = write_crops(placement.pages, shown, out / "images")
    for name, sentences in splits.items():
        write_posts(out / f"{name}.jsonl", (sentence.post for sentence in sentences))
    _write_placement(out / "placement.csv", placement, splits)
    report = {
        "split": split,
        "seed": seed if split == "page" else None,
        "sentences": {name: _counts(sentences) for name, sentences in splits.items()},
        "images": {
            "crops": crops,
            "sentences with one crop": sum(len(s.post.images) == 1 for s in placement.sentences),
            "sentences with several crops": sum(len(s.post.images) > 1 for s in placement.sentences),
            "sentences across a page break": sum(len(s.pages) > 1 for s in placement.sentences),
        },
        "leak of the published split": leak(published),
        "leak of this split": leak(splits),
        "annotation": annotation,
        "pages without scan": [page.name for page in placement.pages.values() if page.scan is None],
        "sentences of no published split": placement.left_out,
        "sentences left out of this split": sorted(
            {s.post.id for s in placement.sentences} - {s.post.id for split in splits.values() for s in split}
        ),
    }
    write_json(out / "report.json", report)
    return report


def _counts(sentences: list[Any]) -> dict[str, int]:
    statuses = Counter(sentence.status for sentence in sentences)
    return {"all": len(sentences), **{status: statuses[status] for status in STATUSES}}


def _write_placement(path: Path, placement: Placement, splits: Splits) -> None:
    split_of = {sentence.post.id: name for name, sentences in splits.items() for sentence in sentences}
    rows = (
        (
            split_of.get(sentence.post.id, ""),
            sentence.post.id,
            ";".join(sentence.pages),
            ";".join(line for _, line in sentence.lines),
            sentence.status,
        )
        for sentence in placement.sentences
    )
    write_text(path, csv_text(("split", "id", "page", "lines", "status"), rows))


def _compare_annotation(raw: Path, placement: Placement) -> dict[str, int]:
    """Compare the Label Studio spans with the CoNLL entities, as offsets in the stream of characters.

    Their agreement, on late pages as well as on early ones, confirms the alignment by the labels, which were
    not used to make it. Where they differ, a span begins or ends within a token.
    """
    counts = Counter(
        {"spans": 0, "with trailing white space": 0, "overlapping the next": 0, "across lines": 0}
    )
    annotated, offset = set(), 0
    for page in read_export(raw / EXPORT):
        text = read_text(placement.pages[page.name].text_file)
        words = [text[start:end] for start, end, _ in page.spans]
        counts["spans"] += len(words)
        counts["with trailing white space"] += sum(part != part.rstrip() for part in words)
        counts["overlapping the next"] += sum(a[1] > b[0] for a, b in pairwise(page.spans))
        counts["across lines"] += sum("\n" in part.strip() for part in words)
        for start, end, label in without_white_space(text, page.spans):
            annotated.add((offset + start, offset + end, TYPES.get(label, label)))
        offset += len(characters(placement.pages[page.name].text))
    counts["that are CoNLL entities"] = len(annotated & placement.entities)
    counts["CoNLL entities"] = len(placement.entities)
    return dict(counts)
