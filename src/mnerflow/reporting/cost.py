"""What each combination costs: time, memory, energy and trained weights, and on which machine."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from statistics import fmean
from typing import Any

from mnerflow.errors import quantity
from mnerflow.plan.names import Run
from mnerflow.record import Hardware, TrainingRecord
from mnerflow.reporting.columns import (
    COMBINATION_COLUMNS,
    COUNT,
    DATA,
    ENCODERS,
    MEAN,
    MODEL,
    SEEDS,
    SYSTEM,
    Column,
    Row,
    number,
    numeric,
)
from mnerflow.reporting.render import deviation
from mnerflow.reporting.table import Table


def _seconds(row: Row, name: str) -> str:
    deviation = "" if row["seconds_sd"] is None else f" ± {row['seconds_sd']:.0f}"
    return f"{row[name]:.0f}{deviation}"


SECONDS = numeric(_seconds)
ENERGY = numeric(lambda row, name: f"{row[name]:.2f} ({row['energy_of']})")
TABLE = Table(
    "Cost",
    "What a training run costs: wall-clock seconds (mean ± standard deviation over seeds), epochs, the most "
    "memory of any seed (the processor's, not a GPU's), millions of trained weights, and watt hours that the "
    "machine counts (mean over seeds). A run that starts from another run's weights is counted without that "
    "run. Jobs that run side by side slow each other down, and the energy of each is that of all of them.",
    (
        *COMBINATION_COLUMNS,
        SEEDS,
        Column("seconds_mean", "seconds", "duration of training, including evaluation on dev", SECONDS),
        Column("seconds_sd", meaning="standard deviation of the seconds over seeds", form=MEAN),
        Column("epochs", "epochs", "number of epochs that were run, mean over seeds", MEAN),
        Column("peak_memory_mib", "peak MiB", "most memory of the processor in any seed", COUNT),
        Column(
            "parameters_trained",
            "M weights trained",
            "trained weights, in millions",
            number(lambda count: f"{count / 1e6:.2f}"),
        ),
        Column("energy_wh", "Wh", "watt hours that the machine counts, mean over seeds", ENERGY),
        Column("energy_of", meaning="devices whose energy is counted"),
        Column("hardware", "hardware", "GPU, or the processor and its cores"),
    ),
    printed=(
        DATA,
        ENCODERS,
        SYSTEM,
        "seeds",
        "seconds_mean",
        "epochs",
        "peak_memory_mib",
        "parameters_trained",
        "energy_wh",
        "hardware",
    ),
    page=(DATA, MODEL, "seconds_mean"),
    wide=("epochs", "peak_memory_mib", "parameters_trained", "hardware"),
    detail=("energy_wh", "seeds"),
)


def cost_rows(records: Iterable[str | Path]) -> list[dict[str, Any]]:
    """One row per combination, over its seeds, from their ``run.yaml``.

    Seconds are those of the whole training, including evaluation on dev, as a mean and a standard deviation
    (``None`` below three seeds). ``epochs`` is a mean; memory is the processor's, the most of any seed.
    ``energy_wh`` is a mean over seeds, for the devices that ``energy_of`` names; both are ``None`` unless the
    same devices reported it for every seed. Raises ``UserError`` naming the file when one is malformed or
    lacks a value.
    """
    groups = defaultdict(list)
    for path in records:
        run = Run.from_folder(Path(path).parent)
        groups[run.combination].append(TrainingRecord.read(Path(path)))
    rows = []
    for combination, runs in sorted(groups.items()):
        seconds = [run.seconds for run in runs]
        rows.append(
            asdict(combination)
            | {
                "seeds": len(runs),
                "seconds_mean": fmean(seconds),
                "seconds_sd": deviation(seconds),
                "epochs": fmean(run.epochs_run for run in runs),
                "peak_memory_mib": max(run.peak_memory_mib for run in runs),
                "parameters_trained": runs[0].parameters_trained,
                **_energy([run.energy_wh or {} for run in runs]),
                "hardware": "; ".join(sorted({_machine(run.hardware) for run in runs})),
            }
        )
    return rows


def _energy(seeds: Sequence[dict[str, float]]) -> dict[str, Any]:
    devices = {tuple(sorted(energy)) for energy in seeds}
    if len(devices) > 1 or () in devices:
        return {"energy_wh": None, "energy_of": None}
    return {"energy_wh": fmean(sum(energy.values()) for energy in seeds), "energy_of": " + ".join(*devices)}


def _machine(hardware: Hardware) -> str:
    return hardware.gpu or f"{hardware.processor}, {quantity(hardware.cores, 'core')}"
