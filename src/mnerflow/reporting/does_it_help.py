"""The table that answers the question: what each run gains over its baseline, and whether by its image."""

from collections.abc import Sequence
from dataclasses import asdict

from mnerflow.conditions import CHANGES
from mnerflow.evaluation.evidence import RULES, Comparison
from mnerflow.plan.names import Run
from mnerflow.reporting.columns import (
    COMBINATION_COLUMNS,
    DATA,
    ENCODERS,
    FLAG,
    INTERVAL,
    MODEL,
    P_VALUE,
    PERCENT,
    POINTS,
    SEEDS,
    SYSTEM,
    Column,
    Row,
    number,
    numeric,
)
from mnerflow.reporting.render import Rendered, interval, points
from mnerflow.reporting.table import Table

REMARKS = {
    "code": "its two sides were made by code that differs, or is not known to be the same",
    "device": "one of its two sides was made on a GPU, the other on a processor",
    "versions": "its two sides were made with different versions of packages (`run.yaml` names them)",
}


def _drop(row: Row, name: str) -> str:
    low, high = (row[f"{name}_{end}"] for end in ("low", "high"))
    return f"{points(row[name])} ({interval(low, high)})"


DROP = numeric(_drop)
TABLE = Table(
    "Does a source help?",
    "Does a source help? Entity F1 on the test split in percent, mean over seeds, of every run with it and "
    "of its baseline, the same run without it. Detectable: {detectable}. Order: {order}. Drop: "
    "{drop_shuffled}. Changed: {changed}.",
    (
        *COMBINATION_COLUMNS,
        Column("source", "source", "what the run reads and its baseline does not"),
        Column("baseline", meaning="folder of the baseline's runs"),
        SEEDS,
        Column("metric", meaning="the score that is compared"),
        Column("baseline_score", "baseline", "score without the source", PERCENT),
        Column("fusion_score", "with it", "score with the source", PERCENT),
        Column("difference", "difference", "in points; bold where it is sure", POINTS, "sure"),
        Column("low", "95 % interval", "of the difference, by bootstrap over sentences and seeds", INTERVAL),
        Column("high", meaning="upper end of the interval", form=POINTS),
        Column("p", "p", "by approximate randomization over sentences", P_VALUE),
        Column("p_corrected", "corrected p", "by Holm's correction over the table", P_VALUE),
        Column(
            "sure", meaning="whether corrected p is below 0.05 and the interval leaves out zero", form=FLAG
        ),
        *(
            Column(
                f"drop_{change}",
                f"drop, {change}",
                f"what the same weights lose with the source {how}, and its 95 % interval",
                DROP,
            )
            for change, how in zip(CHANGES, ("wrong", "blank"), strict=True)
        ),
        Column(
            "changed",
            "changed",
            "posts tagged otherwise when the source is shuffled",
            number(lambda share: f"{100 * share:.1f}"),
        ),
        Column("verdict", "verdict", "gains, loses, ignores or unclear, by fixed rules"),
        # Beyond what the verdict needs to be read:
        *(
            Column(f"drop_{change}_{end}", meaning=f"{words} end of the interval of that drop", form=POINTS)
            for change in CHANGES
            for end, words in (("low", "lower"), ("high", "upper"))
        ),
        Column(
            "order",
            "order",
            "bound of almost stochastic order over seeds, below 0.5 where the run's are almost "
            "stochastically better; of few seeds no evidence by itself",
            number("{:.2f}".format),
        ),
        Column(
            "detectable",
            "detectable",
            "the smallest difference that this test alone, p not corrected, had an 80 % chance to show",
            PERCENT,
        ),
        Column("unlike", "unlike", "what its two sides had different besides the source"),
    ),
    printed=(
        "dataset",
        "filter",
        ENCODERS,
        SYSTEM,
        "source",
        "seeds",
        "baseline_score",
        "fusion_score",
        "difference",
        "low",
        "p_corrected",
        "detectable",
        "order",
        "drop_shuffled",
        "drop_blank",
        "changed",
        "verdict",
    ),
    page=(DATA, MODEL, "source", "verdict", "difference"),
    wide=("low", "p_corrected", "baseline_score", "fusion_score"),
    detail=("seeds", "p", "detectable", "order", "drop_shuffled", "drop_blank", "changed", "unlike"),
    remarks=lambda row: [REMARKS[name] for name in (row["unlike"] or "").split()],
)


def help_record(comparison: Comparison, unlike: Sequence[str] = ()) -> dict:
    """A comparison as a row of ``does_it_help.csv``, scores as fractions, ``None`` where there is nothing.

    ``unlike`` is what its two sides had different (``evidence.unlike_baselines``).
    """
    values = asdict(comparison)
    del values["drops"]
    record = values.pop("combination") | {"metric": "entity_f1"} | values
    record["baseline"] = comparison.baseline.folder
    for change in CHANGES:
        drop = comparison.drop(change)
        record[f"drop_{change}"] = drop and drop.mean
        record |= {f"drop_{change}_{end}": drop and getattr(drop, end) for end in ("low", "high")}
    return record | {
        "sure": comparison.sign != 0,
        "verdict": comparison.verdict,
        "unlike": " ".join(unlike) or None,
    }


def help_table(records: Sequence[dict], alone: Sequence[Run]) -> Rendered:
    """The rows of ``help_record`` for a reader; ``alone`` are runs of which a baseline was not run."""
    missing = ", ".join(f"`{run.path}`" for run in alone)
    said = [f"Not compared, because a baseline of theirs was not run: {missing}."] if alone else []
    return TABLE.render(records, [*said, *RULES])
