"""The answer in words, computed from ``does_it_help.csv``."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from mnerflow.evaluation.evidence import ONE_SEED
from mnerflow.plan.names import FILTERS_OFF, Combination
from mnerflow.reporting.columns import Row
from mnerflow.reporting.render import interval, p_value, percent, points
from mnerflow.reporting.summary import FEW_SENTENCES, few_sentences

# Singular and plural of what a fusion does, by verdict.
SAYS = {
    "gains": ("uses the {source} and gains", "use the {source} and gain"),
    "loses": ("uses the {source} and loses", "use the {source} and lose"),
    "ignores": ("scores the same whatever the {source}", "score the same whatever the {source}"),
    "relies": ("relies on the {source} and gains nothing", "rely on the {source} and gain nothing"),
    "unclear": ("cannot be told from the text alone", "cannot be told from the text alone"),
    ONE_SEED: ("ran with one seed, too few for a verdict", "ran with one seed each, too few for a verdict"),
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
# Of a data set, by its comparisons with two seeds or more, in the order of the headline: all gain; some, and
# none loses; some gain and some lose; none gains, and some are unclear; none gains.
YES, PARTLY, MIXED, UNCLEAR, NO = "Yes", "Partly", "Mixed", "Unclear", "No"
FEW_SEEDS, FEW = "Too few seeds to tell", "Too few sentences to tell"
WORDS = (YES, PARTLY, MIXED, UNCLEAR, NO, FEW_SEEDS, FEW)


@dataclass(frozen=True, slots=True)
class Claim:
    """What is said of one run beside its baseline; the difference and its interval, if any, are in points.

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
    ends: tuple[float, ...]


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
        share = "" if word in (FEW, FEW_SEEDS) else _share(counts)
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
        max(abs(value) for claim in claims for value in (claim.difference, *claim.ends)) or 1.0,
    )


def _word(counts: Counter[str]) -> str:
    judged = counts.total() - counts[ONE_SEED]
    if not judged:
        return FEW_SEEDS
    if counts["gains"]:
        if counts["loses"]:
            return MIXED
        return YES if counts["gains"] == judged else PARTLY
    return UNCLEAR if counts["unclear"] else NO


def _share(counts: Counter[str]) -> str:
    """``": a gain in 2 of 5 comparisons, a loss in 1"``, those of one seed left out."""
    judged = counts.total() - counts[ONE_SEED]
    comparisons = "comparison" if judged == 1 else "comparisons"
    loss = f", a loss in {counts['loses']}" if counts["loses"] else ""
    return f": a gain in {counts['gains']} of {judged} {comparisons}{loss}"


def _claim(row: Row) -> Claim:
    difference = 100 * row["difference"]
    combination = Combination.of(row)
    says = (SAYS if row["drop_shuffled"] is not None else UNTRIED_SAYS)[row["verdict"]]
    if row["verdict"] == "unclear" and row["sure"]:
        says = SURE_SAYS[difference > 0]
    filtered = "" if combination.filter == FILTERS_OFF else f" ({combination.filter})"
    ends = [row[name] for name in ("low", "high") if row[name] is not None]
    seeds = "1 seed" if row["seeds"] == 1 else f"{row['seeds']} seeds"
    if row["baseline_seeds"] != row["seeds"]:
        seeds += f" against {row['baseline_seeds']}"
    said = [interval(*ends)] if ends else []
    said += [f"corrected p\u00a0{_p(row['p_corrected'])}"] if row["p_corrected"] is not None else []
    evidence = f"over {seeds}: {points(row['difference'])} points{_bracketed('; '.join(said))}."
    if (drop := row["drop_shuffled"]) is not None:
        wrong = [row[name] for name in ("drop_shuffled_low", "drop_shuffled_high") if row[name] is not None]
        if drop < 0:  # told as a gain, and its interval with it
            wrong = [-end for end in reversed(wrong)]
        told = _bracketed(interval(*wrong) if wrong else "")
        evidence += f" With the {row['source']} of another post the same weights {_lose(drop)}{told}."
    if row["close"]:
        evidence += " A bound lies within 0.05 points of another verdict."
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
        tuple(100 * end for end in ends),
    )


def _bracketed(text: str) -> str:
    return f" ({text})" if text else ""


def _lose(drop: float) -> str:
    if abs(drop) < 0.00005:
        return "score the same"
    return f"{'lose' if drop > 0 else 'gain'} {100 * abs(drop):.2f} points"


def _p(value: float) -> str:
    text = p_value(value)
    return f"<\u00a0{text[1:]}" if text.startswith("<") else f"=\u00a0{text}"


def _listed(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
