"""The grid of all combinations, summed up over seeds, from the rows of ``scores.csv``."""

import csv
import io
from collections import defaultdict
from collections.abc import Container, Iterable, Mapping, Sequence
from pathlib import Path
from statistics import fmean, stdev
from types import MappingProxyType

from mnerflow.errors import UserError
from mnerflow.files import csv_text, read_text, write_text
from mnerflow.grid import ABLATIONS
from mnerflow.reporting.render import ABSENT, Table, percent, spread

COMBINATION = ("dataset", "filter", "text_encoder", "image_encoder", "fusion")
REPORTED = ("entity_f1", "entity_f1_strict", "token_macro_f1", "subword_macro_f1")
# Below this, one more or one fewer entity right moves F1 by about a point.
FEW_SENTENCES = 100
SUMMARY = (
    *COMBINATION,
    "seeds",
    "sentences",
    *(f"{metric}_{part}" for metric in REPORTED for part in ("mean", "sd")),
    "entity_f1_low",
    "entity_f1_high",
    *(f"entity_f1_{ablation}" for ablation in ABLATIONS),
    "best",
)


def summarize(
    scores: Iterable[dict],
    split: str = "test",
    best: Container[tuple[str, ...]] = (),
    intervals: Mapping[tuple[str, ...], tuple[float, float]] = MappingProxyType({}),
) -> list[dict]:
    """One row a combination, over the seeds of ``split``, in the order of the combinations' names.

    A row has the columns ``SUMMARY``: ``seeds`` (how many), ``sentences``, ``<metric>_mean`` and
    ``<metric>_sd`` (sample standard deviation, ``None`` for one seed) with the true image or none, and
    ``entity_f1_shuffled`` and ``entity_f1_blank``, means under these images, ``None`` where there are none,
    ``best``: whether it is among the combinations named in ``best``, and ``entity_f1_low`` and
    ``entity_f1_high``, which ``intervals`` tells of a combination.
    """
    groups: dict[tuple, dict[str, list[dict]]] = defaultdict(lambda: defaultdict(list))
    for row in scores:
        if row["split"] == split:
            condition = "true" if row["image"] == "none" else row["image"]
            groups[tuple(row[name] for name in COMBINATION)][condition].append(row)
    summary = []
    for names, conditions in sorted(groups.items()):
        runs = conditions["true"]
        row = dict(zip(COMBINATION, names, strict=True)) | {"seeds": len(runs)}
        row["sentences"] = max(run["sentences"] for runs in conditions.values() for run in runs)
        for metric in REPORTED:
            values = [run[metric] for run in runs]
            row[f"{metric}_mean"] = fmean(values) if values else None
            row[f"{metric}_sd"] = stdev(values) if len(values) > 1 else None
        for ablation in ABLATIONS:
            values = [run["entity_f1"] for run in conditions[ablation]]
            row[f"entity_f1_{ablation}"] = fmean(values) if values else None
        row["entity_f1_low"], row["entity_f1_high"] = intervals.get(names, (None, None))
        summary.append(row | {"best": names in best})
    return summary


def grid_table(summary: Sequence[dict]) -> Table:
    """The summary for a reader, in percent; the filter is shown only where one was used."""
    filtered = any(row["filter"] != "none" for row in summary)
    columns = ["data set", *(["filter"] if filtered else []), "encoders", "fusion", "seeds"]
    columns += [
        "entity F1",
        "95 % interval",
        "strict",
        "token macro F1",
        "subword macro F1",
        "shuffled",
        "blank",
    ]
    rows = [
        [
            row["dataset"],
            *([row["filter"]] if filtered else []),
            encoders(row),
            row["fusion"],
            str(row["seeds"]),
            spread(row["entity_f1_mean"], row["entity_f1_sd"]),
            between(row["entity_f1_low"], row["entity_f1_high"]),
            *(spread(row[f"{metric}_mean"], row[f"{metric}_sd"]) for metric in REPORTED[1:]),
            *(percent(row[f"entity_f1_{ablation}"]) for ablation in ABLATIONS),
        ]
        for row in summary
    ]
    return Table(
        "F1 on the test split in percent, mean ± standard deviation over seeds; the interval is of the mean, "
        "by bootstrap over sentences and seeds (of one seed, over sentences). Shuffled and blank: entity "
        "F1 of the same weights with wrong images and with empty ones. Bold: the best of its data set and "
        "filter, where the next one is surely worse.",
        columns,
        rows,
        bold={(y, columns.index("entity F1")) for y, row in enumerate(summary) if row["best"]},
        notes=_small_sets(summary),
    )


def short_table(summary: Sequence[dict]) -> Table:
    """The summary in the 100 columns of a terminal."""
    columns = ["data set", "model", "seeds", "entity F1", "macro F1", "shuffled", "blank"]
    rows = [
        [
            data_and_filter(row),
            f"{encoders(row)} {row['fusion']}",
            str(row["seeds"]),
            spread(row["entity_f1_mean"], row["entity_f1_sd"]),
            percent(row["token_macro_f1_mean"]),
            *(percent(row[f"entity_f1_{ablation}"]) for ablation in ABLATIONS),
        ]
        for row in summary
    ]
    return Table(
        "Test split, percent: entity F1 (mean ± standard deviation over seeds), token macro F1, and entity "
        "F1 of the same weights with shuffled and with blank images.",
        columns,
        rows,
        notes=_small_sets(summary),
    )


def between(low: float | None, high: float | None) -> str:
    """An interval of fractions in percent: ``"86.4–89.7"``."""
    return ABSENT if low is None or high is None else f"{100 * low:.1f}–{100 * high:.1f}"


def _small_sets(summary: Sequence[dict]) -> list[str]:
    small = {row["dataset"]: row["sentences"] for row in summary if row["sentences"] < FEW_SENTENCES}
    return [
        f"{dataset} has only {sentences} test sentences: too few to compare models on."
        for dataset, sentences in small.items()
    ]


def data_and_filter(row: Mapping[str, str | None]) -> str:
    """``"twitter2017"``, or ``"twitter2017 (nonword)"``."""
    return row["dataset"] if row["filter"] == "none" else f"{row['dataset']} ({row['filter']})"


def encoders(row: dict) -> str:
    """``"minilm+vit"``, or the one encoder that a unimodal run uses."""
    return "+".join(row[name] for name in ("text_encoder", "image_encoder") if row[name] != "none")


def run_folder(row: Mapping[str, str]) -> str:
    """Where the runs of a combination lie below ``results``, one folder a seed."""
    coders = f"{row['text_encoder']}+{row['image_encoder']}"
    return f"runs/{row['dataset']}/{row['filter']}/{coders}/{row['fusion']}/"


def write_csv(path: str | Path, rows: Sequence[dict], columns: Sequence[str]) -> None:
    """Write rows as CSV, atomically; numbers have eight places, ``None`` is an empty cell."""
    cells = ((row.get(column) for column in columns) for row in rows)
    rounded = ([round(value, 8) if isinstance(value, float) else value for value in row] for row in cells)
    write_text(path, csv_text(columns, rounded))


def read_csv(path: str | Path, columns: Iterable[str]) -> list[dict[str, str | None]]:
    """Rows that ``write_csv`` wrote, an empty cell as ``None``.

    Raises ``UserError`` naming the file when one of ``columns`` is missing.
    """
    reader = csv.DictReader(io.StringIO(read_text(path)))
    missing = [column for column in columns if column not in (reader.fieldnames or ())]
    if missing:
        raise UserError(f"{path}: column {missing[0]!r} is missing. Delete the file and run again.")
    return [{key: value or None for key, value in row.items()} for row in reader]
