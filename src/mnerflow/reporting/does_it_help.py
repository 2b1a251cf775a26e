"""The table that answers the question: what each run gains over its baseline, and whether by its image."""

from collections.abc import Sequence
from dataclasses import asdict

from mnerflow.conditions import CHANGES
from mnerflow.evaluation.evidence import RULES, Comparison
from mnerflow.plan.names import COMBINATION, FILTERS_OFF, Run
from mnerflow.reporting.render import ABSENT, Table, percent

COLUMNS = (
    *COMBINATION,
    "source",
    "baseline",
    "seeds",
    "metric",
    "baseline_score",
    "fusion_score",
    "difference",
    "low",
    "high",
    "p",
    "p_corrected",
    "sure",
    "drop_shuffled",
    "drop_blank",
    "changed",
    "verdict",
    # Beyond what the verdict needs to be read:
    *(f"drop_{change}_{end}" for change in CHANGES for end in ("low", "high")),
    "order",
    "detectable",
    "unlike",
)
REMARKS = {
    "code": "its two sides were made by code that differs, or is not known to be the same",
    "device": "one of its two sides was made on a GPU, the other on a processor",
    "versions": "its two sides were made with different versions of packages (`run.yaml` names them)",
}


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


def help_table(
    comparisons: Sequence[Comparison], alone: Sequence[Run], unlike: Sequence[Sequence[str]] = ()
) -> Table:
    """The comparisons for a reader, in percent; a sure difference is bold.

    Args:
        comparisons: in the order of the rows.
        alone: runs of which a baseline was not run; they are named below the table.
        unlike: what the two sides of each comparison had different (``unlike_baselines``); it is said below.
    """
    filtered = any(comparison.combination.filter != FILTERS_OFF for comparison in comparisons)
    columns = [
        "data set",
        *(["filter"] if filtered else []),
        "encoders",
        "fusion",
        "source",
        "seeds",
        "baseline",
    ]
    columns += ["with it", "difference", "95 % interval", "corrected p", "detectable", "order"]
    columns += ["drop, shuffled", "drop, blank", "changed", "verdict"]
    rows = []
    for comparison in comparisons:
        record = help_record(comparison)
        rows.append(
            [
                comparison.combination.dataset,
                *([comparison.combination.filter] if filtered else []),
                comparison.combination.encoders,
                comparison.combination.system,
                comparison.source,
                str(record["seeds"]),
                percent(record["baseline_score"]),
                percent(record["fusion_score"]),
                points(record["difference"]),
                interval(record["low"], record["high"]),
                p_value(record["p_corrected"]),
                percent(record["detectable"]),
                ABSENT if record["order"] is None else f"{record['order']:.2f}",
                *(_drop(record, change) for change in CHANGES),
                ABSENT if record["changed"] is None else f"{100 * record['changed']:.1f}",
                record["verdict"],
            ]
        )
    difference = columns.index("difference")
    notes = list(RULES)
    if alone:
        runs = ", ".join(f"`{run.path}`" for run in alone)
        notes.insert(0, f"Not compared, because a baseline of theirs was not run: {runs}.")
    return Table(
        "Does a source help? Entity F1 on the test split in percent, mean over seeds, of every run with it "
        "and of its baseline, the same run without it. Detectable: the smallest difference that this test "
        "alone, p not corrected, had an 80 % chance to show. Order: bound of almost stochastic order over "
        "seeds, below 0.5 where the run's are almost stochastically better; of few seeds no evidence by "
        "itself. Drop: what the same weights lose with the source wrong, and its 95 % interval. Changed: "
        "posts tagged otherwise when the source is shuffled.",
        columns,
        rows,
        remarks=[[REMARKS[name] for name in names] for names in unlike],
        bold={(y, difference) for y, comparison in enumerate(comparisons) if comparison.sign},
        notes=notes,
    )


def points(value: float | None) -> str:
    """A difference in percentage points with its sign: ``"+1.25"``."""
    return ABSENT if value is None else f"{100 * value:+.2f}".replace("-", "−")


def interval(low: float, high: float) -> str:
    """``"+0.31 to +2.10"`` in percentage points."""
    return f"{points(low)} to {points(high)}"


def p_value(p: float) -> str:
    """Three decimals, ``"<0.001"`` below."""
    return "<0.001" if p < 0.001 else f"{p:.3f}"


def _drop(record: dict, change: str) -> str:
    if record[f"drop_{change}"] is None:
        return ABSENT
    between = interval(record[f"drop_{change}_low"], record[f"drop_{change}_high"])
    return f"{points(record[f'drop_{change}'])} ({between})"
