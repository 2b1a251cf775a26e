"""What each combination costs: time, memory, energy, weights trained, and on which machine."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from statistics import fmean

from mnerflow.plan.names import COMBINATION, Combination, Run
from mnerflow.record import Hardware, TrainingRecord
from mnerflow.reporting.render import ABSENT, Table, deviation

COLUMNS = (
    *COMBINATION,
    "seeds",
    "seconds_mean",
    "seconds_sd",
    "epochs",
    "peak_memory_mib",
    "parameters_trained",
    "energy_wh",
    "energy_of",
    "hardware",
)


def cost_rows(records: Iterable[str | Path]) -> list[dict]:
    """One row a combination, over its seeds, from their ``run.yaml``.

    Seconds are of the whole training, evaluation on dev included, as a mean and standard deviation (``None``
    for one seed); ``epochs`` is a mean, memory, of the processor, the most of any seed. ``energy_wh`` is a
    mean, of the devices that ``energy_of`` names; both are ``None`` unless the same devices told it for every
    seed. Raises ``UserError`` naming the file when one is malformed or lacks a value.
    """
    groups = defaultdict(list)
    for path in records:
        run = Run.from_folder(Path(path).parent)
        groups[run.combination].append(TrainingRecord.read(Path(path), "Train the run again."))
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


def cost_table(rows: Sequence[dict]) -> Table:
    """The rows of ``cost_rows`` for a reader."""
    columns = ["data set", "encoders", "fusion", "seeds", "seconds", "epochs", "peak MiB"]
    columns += ["M weights trained", "Wh", "hardware"]
    cells = [
        [
            combination.data,
            combination.encoders,
            combination.system,
            str(row["seeds"]),
            f"{row['seconds_mean']:.0f}{_deviation(row['seconds_sd'])}",
            f"{row['epochs']:.1f}",
            f"{row['peak_memory_mib']:,}",
            f"{row['parameters_trained'] / 1e6:.2f}",
            ABSENT if row["energy_wh"] is None else f"{row['energy_wh']:.2f} ({row['energy_of']})",
            row["hardware"],
        ]
        for row, combination in zip(rows, map(Combination.of, rows), strict=True)
    ]
    return Table(
        "What a training run costs: wall-clock seconds (mean ± standard deviation over seeds), epochs, "
        "the most memory of any seed (the processor's, not a GPU's), millions of weights trained, watt hours "
        "(mean over seeds) of what the machine counts. A run that starts from another's weights is counted "
        "without that one. Jobs that run side by side slow each other down, and the energy of each is "
        "that of all.",
        columns,
        cells,
    )


def _energy(seeds: Sequence[dict[str, float]]) -> dict:
    devices = {tuple(sorted(energy)) for energy in seeds}
    if len(devices) > 1 or () in devices:
        return {"energy_wh": None, "energy_of": None}
    return {
        "energy_wh": fmean(sum(energy.values()) for energy in seeds),
        "energy_of": " + ".join(*devices),
    }


def _deviation(seconds: float | None) -> str:
    return "" if seconds is None else f" ± {seconds:.0f}"


def _machine(hardware: Hardware) -> str:
    return hardware.gpu or f"{hardware.processor}, {hardware.cores} cores"
