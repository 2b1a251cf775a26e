"""The answer in words, computed from ``does_it_help.csv``."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from mnerflow.reporting.does_it_help import interval, p_value, points
from mnerflow.reporting.render import percent
from mnerflow.reporting.tables import FEW_SENTENCES, encoders

Row = Mapping[str, str | None]

# Singular and plural of what a fusion does, by verdict; one that reads a caption sees no image.
SAYS = {
    "gains": ("uses the image and gains", "use the image and gain"),
    "loses": ("uses the image and loses", "use the image and lose"),
    "ignores": ("ignores the image", "ignore the image"),
    "unclear": ("cannot be told from the text alone", "cannot be told from the text alone"),
}
CAPTION_SAYS = SAYS | {
    "gains": ("gains by the image's caption", ""),
    "loses": ("loses by the image's caption", ""),
}


@dataclass(frozen=True, slots=True)
class Claim:
    """What is said of one fusion beside its text-only twin; the difference and its interval are in points."""

    model: str
    verdict: str
    says: str
    evidence: str
    folder: str
    difference: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Answer:
    """What is said of a data set: in a few words, in a sentence, and fusion by fusion.

    ``reach`` is the largest distance from zero, in points, that any interval of the data set has.
    """

    dataset: str
    short: str
    summary: str
    note: str
    claims: Sequence[Claim]
    reach: float


def answers(rows: Iterable[Row], summary: Iterable[Row]) -> list[Answer]:
    """An answer for each data set of ``rows`` (``does_it_help.csv``), by name.

    ``summary`` are rows of ``grid.csv``, which say how many test sentences a data set has.
    """
    sentences = {row["dataset"]: int(row["sentences"]) for row in summary}
    ordered = sorted(rows, key=lambda row: (row["dataset"], -float(row["difference"])))
    return [
        _answer(dataset, [*group], sentences[dataset])
        for dataset, group in groupby(ordered, key=lambda row: row["dataset"])
    ]


def headline(found: Sequence[Answer]) -> str:
    """One sentence for all data sets: ``"Yes on demo; not shown on tweets."``."""
    if not found:
        return "No fusion was run beside its text-only twin, so there is nothing to compare."
    parts = []
    for short, group in groupby(
        sorted(found, key=lambda a: (a.short != "Yes", a.short)), key=lambda a: a.short
    ):
        names = [answer.dataset for answer in group]
        parts.append(f"{short} on {_listed(names)}")
    return "; ".join([parts[0], *(part[0].lower() + part[1:] for part in parts[1:])]) + "."


def _answer(dataset: str, rows: Sequence[Row], sentences: int) -> Answer:
    claims = [_claim(row) for row in rows]
    few = sentences < FEW_SENTENCES
    counts = Counter(claim.verdict for claim in claims)
    said = [f"{n} {SAYS[verdict][n > 1]}" for verdict in SAYS if (n := counts[verdict])]
    summary = f"Of {len(claims)} fusions, {_listed(said)}."
    if len(claims) == 1:
        summary = f"{claims[0].model} {claims[0].says}."
    elif len(said) == 1:
        summary = f"All {said[0].replace(' ', ' fusions ', 1)}."
    if counts["gains"]:
        best = next(claim for claim in claims if claim.verdict == "gains")
        summary += f" The largest gain is {best.difference:.1f} points of entity F1, by {best.model}."
    note = f"{dataset} has only {sentences} test sentences: too few to compare models on." if few else ""
    return Answer(
        dataset,
        "Too few sentences to tell" if few else _short(counts),
        summary,
        note,
        claims,
        max(max(abs(claim.low), abs(claim.high)) for claim in claims) or 1.0,
    )


def _short(counts: Counter[str]) -> str:
    if counts["gains"]:
        return "Yes"
    if counts["loses"]:
        return "No, it hurts"
    return "Not shown" if counts["unclear"] else "No"


def _claim(row: Row) -> Claim:
    difference, low, high = (100 * float(row[name]) for name in ("difference", "low", "high"))
    says = (CAPTION_SAYS if row["image_encoder"] == "none" else SAYS)[row["verdict"]][0]
    filtered = "" if row["filter"] == "none" else f" ({row['filter']})"
    scores = [percent(float(row[name])) for name in ("fusion_score", "text_only")]
    seeds = "1 seed" if row["seeds"] == "1" else f"{row['seeds']} seeds"
    evidence = (
        f"{scores[0]} against {scores[1]} with the text alone, over {seeds}: "
        f"{points(difference / 100)} points ({interval(low / 100, high / 100)}; "
        f"corrected p\u00a0{_p(row['p_corrected'])})."
    )
    if row["drop_shuffled"]:
        drop, *ends = (float(row[f"drop_shuffled{end}"]) for end in ("", "_low", "_high"))
        evidence += f" With shuffled images the same weights {_lose(drop)} ({interval(*ends)})."
    folder = f"{row['dataset']}/{row['filter']}/{row['text_encoder']}+{row['image_encoder']}/{row['fusion']}/"
    model = f"{encoders(row)} {row['fusion']}{filtered}"
    return Claim(model, row["verdict"], says, evidence, folder, difference, low, high)


def _lose(drop: float) -> str:
    if abs(drop) < 0.00005:
        return "score the same"
    return f"{'lose' if drop > 0 else 'gain'} {100 * abs(drop):.2f} points"


def _p(value: str) -> str:
    text = p_value(float(value))
    return f"<\u00a0{text[1:]}" if text.startswith("<") else f"=\u00a0{text}"


def _listed(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
