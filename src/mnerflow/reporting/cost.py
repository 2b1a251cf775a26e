"""What each combination costs: time, memory, weights trained, and on which machine."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from statistics import fmean, stdev

import yaml

from mnerflow.errors import UserError
from mnerflow.files import read_text
from mnerflow.grid import Run
from mnerflow.reporting.render import Table
from mnerflow.reporting.tables import COMBINATION, encoders

COLUMNS = (
    *COMBINATION,
    "seeds",
    "seconds_mean",
    "seconds_sd",
    "epochs",
    "peak_memory_mib",
    "parameters_trained",
    "hardware",
)


def cost(records: Iterable[str | Path]) -> list[dict]:
    """One row a combination, over its seeds, from their ``run.yaml``.

    Seconds are of the whole training, evaluation on dev included, as a mean and standard deviation (``None``
    for one seed); ``epochs`` is a mean, memory the most of any seed. Raises ``UserError`` naming the file
    when one is malformed or lacks a value.
    """
    groups = defaultdict(list)
    for path in records:
        run = Run.from_folder(Path(path).parent)
        groups[tuple(getattr(run, name) for name in COMBINATION)].append(_read(path))
    rows = []
    for names, runs in sorted(groups.items()):
        seconds = [run["seconds"] for run in runs]
        rows.append(
            dict(zip(COMBINATION, names, strict=True))
            | {
                "seeds": len(runs),
                "seconds_mean": fmean(seconds),
                "seconds_sd": stdev(seconds) if len(seconds) > 1 else None,
                "epochs": fmean(run["epochs_run"] for run in runs),
                "peak_memory_mib": max(run["peak_memory_mib"] for run in runs),
                "parameters_trained": runs[0]["parameters_trained"],
                "hardware": "; ".join(sorted({_machine(run["hardware"]) for run in runs})),
            }
        )
    return rows


def cost_table(rows: Sequence[dict]) -> Table:
    """The rows of ``cost`` for a reader."""
    columns = ["data set", "encoders", "fusion", "seeds", "seconds", "epochs", "peak MiB"]
    columns += ["M weights trained", "hardware"]
    cells = [
        [
            row["dataset"] if row["filter"] == "none" else f"{row['dataset']} ({row['filter']})",
            encoders(row),
            row["fusion"],
            str(row["seeds"]),
            f"{row['seconds_mean']:.0f}{_deviation(row['seconds_sd'])}",
            f"{row['epochs']:.1f}",
            f"{row['peak_memory_mib']:,}",
            f"{row['parameters_trained'] / 1e6:.2f}",
            row["hardware"],
        ]
        for row in rows
    ]
    return Table(
        "What a training run costs: wall-clock seconds (mean ± standard deviation over seeds), epochs, "
        "the most memory of any seed, millions of weights trained. Jobs that run side by side "
        "slow each other down.",
        columns,
        cells,
    )


def _read(path: str | Path) -> dict:
    try:
        record = yaml.safe_load(read_text(path))
        missing = {"seconds", "epochs_run", "peak_memory_mib", "parameters_trained", "hardware"} - set(record)
    except (yaml.YAMLError, TypeError) as error:
        raise UserError(f"{path}: no record of a run ({error}). Train the run again.") from error
    if missing:
        raise UserError(f"{path}: {min(missing)} is missing. Train the run again.")
    return record


def _deviation(seconds: float | None) -> str:
    return "" if seconds is None else f" ± {seconds:.0f}"


def _machine(hardware: dict) -> str:
    return hardware.get("gpu") or f"{hardware['processor']}, {hardware['cores']} cores"
