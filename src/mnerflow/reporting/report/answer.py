"""The answer in words, computed from ``does_it_help.csv``."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from mnerflow.plan.names import FILTERS_OFF, Combination
from mnerflow.reporting.columns import Row
from mnerflow.reporting.render import interval, p_value, percent, points
from mnerflow.reporting.summary import FEW_SENTENCES, few_sentences

# Singular and plural of what a fusion does, by verdict.
SAYS = {
    "gains": ("uses the {source} and gains", "use the {source} and gain"),
    "loses": ("uses the {source} and loses", "use the {source} and lose"),
    "ignores": ("scores the same whatever the {source}", "score the same whatever the {source}"),
    "unclear": ("cannot be told from the text alone", "cannot be told from the text alone"),
}
# Of an unclear one that is surely better or worse.
SURE_SAYS = {
    True: (
        "is better, but not shown to be by the {source}",
        "are better, but not shown to be by the {source}",
    ),
    False: (
        "is worse, but not shown to be by the {source}",
        "are worse, but not shown to be by the {source}",
    ),
}
# Of a source that the run was not predicted with a wrong one of.
UNTRIED_SAYS = SAYS | {
    "gains": ("gains by the {source}", "gain by the {source}"),
    "loses": ("loses by the {source}", "lose by the {source}"),
}
# Of a data set, in the order of the headline: all comparisons gain; some, and none loses; some gain and some
# lose; none gains, and some are unclear; none gains.
YES, PARTLY, MIXED, UNCLEAR, NO = "Yes", "Partly", "Mixed", "Unclear", "No"
FEW = "Too few sentences to tell"
WORDS = (YES, PARTLY, MIXED, UNCLEAR, NO, FEW)


@dataclass(frozen=True, slots=True)
class Claim:
    """What is said of one run beside its baseline; the difference and its interval are in points.

    ``says`` is that in words, in singular and plural; ``fusion_score`` and ``baseline_score`` are
    percentages as text, ``folder`` and ``baseline`` where their runs lie.
    """

    model: str
    verdict: str
    says: tuple[str, str]
    fusion_score: str
    baseline_score: str
    evidence: str
    folder: str
    baseline: str
    difference: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Answer:
    """What is said of a data set: in a word, in a sentence, and fusion by fusion.

    ``counts`` holds how many claims have a verdict, ``best`` the largest gain, ``note`` what to beware of;
    ``reach`` is the largest distance from zero, in points, that any interval of the data set has.
    """

    dataset: str
    word: str
    counts: Counter[str]
    summary: str
    best: Claim | None
    note: str
    claims: Sequence[Claim]
    reach: float


def answers(rows: Iterable[Row], summary: Iterable[Row]) -> list[Answer]:
    """An answer for each data set of ``rows`` (``does_it_help.csv``), in ``WORDS`` order, then by name.

    ``summary`` are rows of ``grid.csv``, which say how many test sentences a data set has.
    """
    sentences = {row["dataset"]: row["sentences"] for row in summary}
    ordered = sorted(rows, key=lambda row: (row["dataset"], -row["difference"]))
    found = [
        _answer(dataset, [_claim(row) for row in group], sentences[dataset])
        for dataset, group in groupby(ordered, key=lambda row: row["dataset"])
    ]
    return sorted(found, key=lambda answer: WORDS.index(answer.word))


def headline(found: Sequence[Answer]) -> list[tuple[str, str]]:
    """For the data sets of each word that word, and how many of their comparisons show a gain.

    ``[("Yes", "on demo: a gain in 3 of 3 comparisons."), ("Unclear", "on tweets: a gain in 0 of 2 …")]``
    """
    if not found:
        return [("Nothing to compare:", "no run was made beside its baseline.")]
    parts = []
    for word, group in groupby(found, key=lambda answer: answer.word):
        members = list(group)
        counts = sum((answer.counts for answer in members), Counter())
        share = "" if word == FEW else _share(counts)
        parts.append((word, f"on {_listed([answer.dataset for answer in members])}{share}."))
    return parts


def _answer(dataset: str, claims: Sequence[Claim], sentences: int) -> Answer:
    few = sentences < FEW_SENTENCES
    counts = Counter(claim.verdict for claim in claims)
    phrases = Counter((list(SAYS).index(claim.verdict), claim.says) for claim in claims)
    said = [f"{n} {says[n > 1]}" for (_, says), n in sorted(phrases.items())]
    summary = f"Of {len(claims)} fusions, {_listed(said)}."
    if len(claims) == 1:
        summary = f"{claims[0].model} {claims[0].says[0]}."
    elif all(claim.says == SAYS["unclear"] for claim in claims):
        summary = f"None of {len(claims)} fusions can be told from the text alone."
    elif len(said) == 1:
        number, _, does = said[0].partition(" ")
        summary = f"{'Both' if number == '2' else f'All {number}'} fusions {does}."
    return Answer(
        dataset,
        FEW if few else _word(counts),
        counts,
        summary,
        next((claim for claim in claims if claim.verdict == "gains"), None),
        few_sentences(dataset, sentences) if few else "",
        claims,
        max(max(abs(claim.low), abs(claim.high)) for claim in claims) or 1.0,
    )


def _word(counts: Counter[str]) -> str:
    if counts["gains"]:
        if counts["loses"]:
            return MIXED
        return YES if counts["gains"] == counts.total() else PARTLY
    return UNCLEAR if counts["unclear"] else NO


def _share(counts: Counter[str]) -> str:
    """``": a gain in 2 of 5 comparisons, a loss in 1"``."""
    comparisons = "comparison" if counts.total() == 1 else "comparisons"
    loss = f", a loss in {counts['loses']}" if counts["loses"] else ""
    return f": a gain in {counts['gains']} of {counts.total()} {comparisons}{loss}"


def _claim(row: Row) -> Claim:
    difference, low, high = (100 * row[name] for name in ("difference", "low", "high"))
    combination = Combination.of(row)
    says = (SAYS if row["drop_shuffled"] is not None else UNTRIED_SAYS)[row["verdict"]]
    if row["verdict"] == "unclear" and row["sure"]:
        says = SURE_SAYS[difference > 0]
    filtered = "" if combination.filter == FILTERS_OFF else f" ({combination.filter})"
    seeds = "1 seed" if row["seeds"] == 1 else f"{row['seeds']} seeds"
    evidence = (
        f"over {seeds}: {points(difference / 100)} points ({interval(low / 100, high / 100)}; "
        f"corrected p\u00a0{_p(row['p_corrected'])})."
    )
    if row["drop_shuffled"] is not None:
        drop, low_drop, high_drop = (row[f"drop_shuffled{end}"] for end in ("", "_low", "_high"))
        if drop < 0:  # told as a gain, and its interval with it
            low_drop, high_drop = -high_drop, -low_drop
        told = interval(low_drop, high_drop)
        evidence += f" With the {row['source']} of another post the same weights {_lose(drop)} ({told})."
    return Claim(
        f"{combination.model}{filtered}",
        row["verdict"],
        tuple(phrase.format(source=row["source"].replace("+", " and ")) for phrase in says),
        percent(row["fusion_score"]),
        percent(row["baseline_score"]),
        evidence,
        f"runs/{combination.folder}/",
        f"runs/{row['baseline']}/",
        difference,
        low,
        high,
    )


def _lose(drop: float) -> str:
    if abs(drop) < 0.00005:
        return "score the same"
    return f"{'lose' if drop > 0 else 'gain'} {100 * abs(drop):.2f} points"


def _p(value: float) -> str:
    text = p_value(value)
    return f"<\u00a0{text[1:]}" if text.startswith("<") else f"=\u00a0{text}"


def _listed(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
