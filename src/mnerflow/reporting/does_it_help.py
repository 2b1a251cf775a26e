"""The table that answers the question: what each run gains over its baseline, and whether by its source."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from math import inf
from typing import Any

from mnerflow.conditions import CHANGES
from mnerflow.evaluation.comparison import CLOSE, Comparison, rules
from mnerflow.evaluation.seeds import Estimate
from mnerflow.plan.names import Combination, Run
from mnerflow.reporting.columns import (
    COMBINATION_COLUMNS,
    COUNT,
    DATA,
    ENCODERS,
    FLAG,
    INTERVAL,
    MODEL,
    P_VALUE,
    PERCENT,
    POINTS,
    SEEDS,
    SHARE,
    SYSTEM,
    Column,
    Row,
    number,
    numeric,
)
from mnerflow.reporting.render import Rendered, interval, points
from mnerflow.reporting.table import Part, Table

REMARKS = {
    "code": "the compared runs were trained by different code, or by code not known to be the same",
    "device": "some of the compared runs were trained on a GPU, others on a processor",
    "versions": "the compared runs were trained with different package versions (`run.yaml` names them)",
}
NEAR = f"a bound lies within {100 * CLOSE:g} points of another verdict"


def _with_interval(row: Row, name: str) -> str:
    low, high = (row[f"{name}_{end}"] for end in ("low", "high"))
    return points(row[name]) if low is None else f"{points(row[name])} ({interval(low, high)})"


def _remarks(row: Row) -> list[str]:
    return [*(REMARKS[name] for name in (row["unlike"] or "").split()), *([NEAR] if row["close"] else [])]


WITH_INTERVAL = numeric(_with_interval)  # of ``<name>``, with ``<name>_low`` and ``<name>_high``
WHOSE = (DATA, ENCODERS, SYSTEM, "source")  # first columns of each printed table
CONTROLS = tuple(f"control_{change}" for change in CHANGES)
CONTROL = (
    "Beyond control: the difference to a matched control, with the 95 % interval over other sentences and "
    "seeds. A matched control is the same run, trained with the source shuffled or blank and tested with the "
    "true one. The baseline tells whether the source is worth its model. The control tells whether the "
    "source itself makes the difference. Controls affect neither verdicts nor Holm's correction."
)


def _ends_of(name: str, what: str) -> Iterator[Column]:
    """The columns of the ends of an interval, which only the CSV shows."""
    for end, words in (("low", "lower"), ("high", "upper")):
        yield Column(f"{name}_{end}", meaning=f"{words} end of the interval of {what}", form=POINTS)


def _of_control(change: str) -> Iterator[Column]:
    """The columns about a control and the difference to it that only the CSV and the details show."""
    name = f"control_{change}"
    yield Column(name, meaning=f"folder of the runs of the control trained with the source {change}")
    yield Column(f"{name}_seeds", meaning="number of seeds of that control", form=COUNT)
    yield Column(f"{name}_score", f"control, {change}", "score of that control, with true sources", PERCENT)
    yield from _ends_of(f"beyond_{name}", "the difference to that control")
    yield Column(
        f"beyond_{name}_p",
        f"p beyond control, {change}",
        "p-value for no difference to that control; not corrected",
        P_VALUE,
    )


COLUMNS = (
    *COMBINATION_COLUMNS,
    Column("source", "source", "what the run reads and its baseline does not"),
    Column("baseline", meaning="folder of the baseline's runs"),
    SEEDS,
    Column("baseline_seeds", meaning="number of seeds of the baseline", form=COUNT),
    Column("metric", meaning="score that is compared"),
    Column("baseline_score", "baseline", "score without the source", PERCENT),
    Column("fusion_score", "with it", "score with the source", PERCENT),
    Column(
        "difference",
        "difference",
        "score with the source minus score without it, in points; bold where it is significant",
        POINTS,
        "sure",
    ),
    Column("low", "95 % interval", "interval of the difference, over other sentences and seeds", INTERVAL),
    Column("high", meaning="upper end of the interval", form=POINTS),
    Column("p", "p", "p-value for no difference, over other sentences and seeds", P_VALUE),
    Column(
        "p_corrected",
        "corrected p",
        "p-value after Holm's correction over the table's comparisons with two seeds or more on both sides",
        P_VALUE,
    ),
    Column("sure", meaning="whether corrected p is below 0.05", form=FLAG),
    *(
        Column(
            f"drop_{change}",
            f"drop, {change}",
            f"points that the trained model loses with the source {change}, and the 95 % interval",
            WITH_INTERVAL,
        )
        for change in CHANGES
    ),
    *(
        Column(
            f"beyond_control_{change}",
            f"beyond control, {change}",
            f"difference to the matched control, the same run trained with the source {change}, and the "
            "95 % interval",
            WITH_INTERVAL,
            unless=(None,),
        )
        for change in CHANGES
    ),
    Column("changed", "changed", "share of posts tagged differently when the source is shuffled", SHARE),
    Column("verdict", "verdict", "gains, ignores, loses, relies, unclear or one seed, by fixed rules"),
    Column(
        "smallest_margin",
        "smallest margin",
        "smallest margin, in points, at which the drops would count as none",
        PERCENT,
    ),
    Column("margin", meaning="margin, in points, below which a drop counts as none", form=PERCENT),
    Column("close", meaning=f"whether {NEAR}", form=FLAG),
    # Not needed to understand the verdict:
    *(
        column
        for change in CHANGES
        for column in _ends_of(f"drop_{change}", f"the drop with the source {change}")
    ),
    Column(
        "p_trained",
        "p of these models",
        "p-value by approximate randomization over sentences; it says nothing about other seeds",
        P_VALUE,
    ),
    Column(
        "order",
        "order",
        "bound of almost stochastic order over seeds, below 0.5 where the run's seeds are almost "
        "stochastically better; from five seeds on",
        number("{:.2f}".format),
    ),
    Column(
        "detectable",
        "detectable",
        "smallest difference that this test alone, with p not corrected, had an 80 % chance to show",
        PERCENT,
    ),
    Column(
        "unlike", "unlike", "what differs, besides the source, between the run and its baseline or controls"
    ),
    *(column for change in CHANGES for column in _of_control(change)),
)
TABLE = Table(
    "Does a source help?",
    "Does a source help? Entity F1 on the test split in percent, mean over seeds, of every run with the "
    "source and of its baseline, the same run without it. Difference: {difference}. The 95 % interval and p "
    "are over other sentences and seeds. Corrected p: {p_corrected}.",
    COLUMNS,
    printed=(*WHOSE, "seeds", "difference", "low", "p_corrected", "verdict"),
    further=(
        Part(
            "wrong",
            "The same runs with the source shuffled or blank. Drop: points that the same trained model "
            "loses, and the 95 % interval. Changed: {changed}.",
            (*WHOSE, "drop_shuffled", "drop_blank", "changed"),
        ),
        Part(
            "control",
            "The same runs compared with their matched controls, which were trained with the source shuffled "
            "or blank. Beyond control: difference to the control, and the 95 % interval.",
            (*WHOSE, *(f"beyond_{name}" for name in CONTROLS)),
        ),
        Part(
            "scores",
            "Scores of the same runs, and what the tests could show. Baseline: {baseline_score}. p of these "
            "models: {p_trained}. Detectable: {detectable}. Smallest margin: {smallest_margin}. "
            "Order: {order}.",
            (*WHOSE, "baseline_score", "fusion_score", "p_trained", "detectable", "smallest_margin", "order"),
        ),
    ),
    page=(DATA, MODEL, "source", "verdict", "difference"),
    wide=("low", "p_corrected", "baseline_score", "fusion_score"),
    detail=(
        "seeds",
        "p",
        "p_trained",
        "detectable",
        "order",
        "drop_shuffled",
        "drop_blank",
        "smallest_margin",
        "changed",
        *(each for name in CONTROLS for each in (f"{name}_score", f"beyond_{name}", f"beyond_{name}_p")),
        "unlike",
    ),
    remarks=_remarks,
)


def help_record(comparison: Comparison, unlike: Sequence[str] = ()) -> dict[str, Any]:
    """A comparison as a row of ``does_it_help.csv``: scores as fractions, ``None`` where there is no value.

    ``unlike`` is what differs between its two sides (``evidence.unlike_baselines``).
    """
    difference, smallest = comparison.difference, comparison.smallest_margin
    names = (
        *("source", "seeds", "baseline_seeds", "baseline_score", "fusion_score", "p_trained"),
        *("changed", "order", "margin", "verdict", "close"),
    )
    record = asdict(comparison.combination) | {name: getattr(comparison, name) for name in names}
    record |= {"metric": "entity_f1", "baseline": comparison.baseline.folder, "sure": comparison.sign != 0}
    record |= {"difference": difference.value} | _ends("", difference)
    record |= {"p": difference.p if difference.known else None}
    record |= {"p_corrected": comparison.p_corrected if difference.known else None}
    record |= {"detectable": difference.detectable if difference.known else None}
    for change in CHANGES:
        drop = comparison.drop(change)
        record |= {f"drop_{change}": drop and drop.value} | _ends(f"drop_{change}_", drop)
        control = comparison.controls.get(change)
        beyond, name = control.difference if control else None, f"control_{change}"
        record |= {f"beyond_{name}": beyond and beyond.value} | _ends(f"beyond_{name}_", beyond)
        record[f"beyond_{name}_p"] = beyond.p if beyond and beyond.known else None
        record[name] = control and control.combination.folder
        record |= {f"{name}_{what}": control and getattr(control, what) for what in ("seeds", "score")}
    record["smallest_margin"] = smallest if smallest is not None and smallest < inf else None
    return record | {"unlike": " ".join(unlike) or None}


def _ends(name: str, estimate: Estimate | None) -> dict[str, float | None]:
    """The ends of an estimate's 95 % interval, or ``None`` where it has none."""
    low, high = estimate.interval() if estimate and estimate.known else (None, None)
    return {f"{name}low": low, f"{name}high": high}


def help_table(
    records: Sequence[dict[str, Any]], alone: Sequence[Run], margin: float, stray: Sequence[Combination] = ()
) -> Rendered:
    """The rows of ``help_record`` for a reader.

    ``alone`` are runs with a baseline that was not run, ``stray`` are controls of runs that no row compares.
    """
    missing, controls = (
        ", ".join(f"`{name}`" for name in names)
        for names in ((run.path for run in alone), (one.folder for one in stray))
    )
    said = [f"Not compared, because one of their baselines was not run: {missing}."] if alone else []
    said += [f"Controls of runs that are not compared: {controls}."] if stray else []
    said += [CONTROL] if any(record[name] for record in records for name in CONTROLS) else []
    return TABLE.render(records, [*said, *rules(100 * margin)])
