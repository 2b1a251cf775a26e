"""What ``does_it_help.csv`` says of one run and its baseline, in words."""

from collections.abc import Sequence
from dataclasses import dataclass

from mnerflow.conditions import CHANGES
from mnerflow.errors import quantity
from mnerflow.evaluation.comparison import CLOSE, ONE_SEED
from mnerflow.plan.names import FILTERS_OFF, Combination
from mnerflow.reporting.columns import Row
from mnerflow.reporting.render import interval, p_said, percent, points, source_words

# What a fusion does, in singular and plural, by verdict.
SAYS = {
    "gains": ("uses the {source} and gains", "use the {source} and gain"),
    "loses": ("uses the {source} and loses", "use the {source} and lose"),
    "ignores": ("scores the same whatever the {source}", "score the same whatever the {source}"),
    "relies": ("relies on the {source} and gains nothing", "rely on the {source} and gain nothing"),
    "unclear": ("cannot be told apart from its baseline", "cannot be told apart from their baselines"),
    ONE_SEED: (
        "has one seed on a side, too few for a verdict",
        "have one seed on a side, too few for a verdict",
    ),
}
# For an unclear run that is significantly better or worse than its baseline.
SURE_SAYS = {
    True: (
        "is better, but not shown to be so because of the {source}",
        "are better, but not shown to be so because of the {source}",
    ),
    False: (
        "is worse, but not shown to be so because of the {source}",
        "are worse, but not shown to be so because of the {source}",
    ),
}
# For a run that ignores its source but differs from its baseline significantly, or by the margin or more.
APART_SAYS = {
    (True, True): (
        "is better than its baseline, but regardless of the {source}",
        "are better than their baselines, but regardless of the {source}",
    ),
    (True, False): (
        "is worse than its baseline, whatever the {source}",
        "are worse than their baselines, whatever the {source}",
    ),
    (False, True): (
        "may be better than its baseline, but regardless of the {source}",
        "may be better than their baselines, but regardless of the {source}",
    ),
    (False, False): (
        "may be worse than its baseline, whatever the {source}",
        "may be worse than their baselines, whatever the {source}",
    ),
}
# For a run that was not predicted with its source shuffled or blank.
UNTRIED_SAYS = SAYS | {
    "gains": ("gains by the {source}", "gain by the {source}"),
    "loses": ("loses by the {source}", "lose by the {source}"),
}


@dataclass(frozen=True, slots=True)
class Claim:
    """What is said of one run and its baseline; the difference and its interval, if any, are in points.

    ``says`` puts the verdict in words, in singular and plural. ``fusion_score`` and ``baseline_score`` are
    percentages as text; ``folder`` and ``baseline`` are the folders of their runs.
    """

    model: str
    source: str
    verdict: str
    says: tuple[str, str]
    fusion_score: str
    baseline_score: str
    evidence: str
    folder: str
    baseline: str
    difference: float
    ends: tuple[float, ...]


def claim_of(row: Row) -> Claim:
    """The claim of a row of ``does_it_help.csv``."""
    combination, source = Combination.of(row), source_words(row["source"])
    filtered = "" if combination.filter == FILTERS_OFF else f" ({combination.filter})"
    singular, plural = _says(row)
    return Claim(
        model=f"{combination.model}{filtered}",
        source=source,
        verdict=row["verdict"],
        says=(singular.format(source=source), plural.format(source=source)),
        fusion_score=percent(row["fusion_score"]),
        baseline_score=percent(row["baseline_score"]),
        evidence=_evidence(row, source),
        folder=f"runs/{combination.folder}/",
        baseline=f"runs/{row['baseline']}/",
        difference=100 * row["difference"],
        ends=tuple(100 * end for end in _ends(row, "")),
    )


def _says(row: Row) -> tuple[str, str]:
    better, apart = row["difference"] > 0, abs(row["difference"]) >= row["margin"]
    if row["verdict"] == "unclear" and row["sure"]:
        return SURE_SAYS[better]
    if row["verdict"] == "ignores" and (row["sure"] or apart):
        return APART_SAYS[row["sure"], better]
    return (SAYS if row["drop_shuffled"] is not None else UNTRIED_SAYS)[row["verdict"]]


def _evidence(row: Row, source: str) -> str:
    """Differences to the baseline, to the shuffled source and to matched controls, with their intervals."""
    seeds = quantity(row["seeds"], "seed")
    if row["baseline_seeds"] != row["seeds"]:
        seeds += f" against {row['baseline_seeds']}"
    p = [] if row["p_corrected"] is None else [f"corrected {p_said(row['p_corrected'])}"]
    said = [f"over {seeds}: {points(row['difference'])} points{_bracketed(_ends(row, ''), *p)}."]
    if (drop := row["drop_shuffled"]) is not None:
        lose = _lose(drop, _ends(row, "drop_shuffled_"))
        said.append(f"With the {source} of another post these models {lose}.")
    for change in CHANGES:
        name = f"beyond_control_{change}"
        if (beyond := row[name]) is not None:
            said.append(
                f"Beyond its matched control, trained with the {source} {change}: {points(beyond)} "
                f"points{_bracketed(_ends(row, f'{name}_'))}."
            )
    if row["close"]:
        said.append(f"A bound lies within {100 * CLOSE:g} points of another verdict.")
    return " ".join(said)


def _ends(row: Row, name: str) -> list[float]:
    """The ends of the interval in the columns ``<name>low`` and ``<name>high``; empty without an interval."""
    return [row[f"{name}{end}"] for end in ("low", "high") if row[f"{name}{end}"] is not None]


def _lose(drop: float, ends: Sequence[float]) -> str:
    if drop < 0:  # told as a gain, and its interval with it
        ends = [-end for end in reversed(ends)]
    if abs(drop) < 0.00005:
        return f"score the same{_bracketed(ends)}"
    return f"{'lose' if drop > 0 else 'gain'} {100 * abs(drop):.2f} points{_bracketed(ends)}"


def _bracketed(ends: Sequence[float], *more: str) -> str:
    said = [*([interval(*ends)] if ends else []), *more]
    return f" ({'; '.join(said)})" if said else ""
