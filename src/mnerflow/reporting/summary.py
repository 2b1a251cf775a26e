"""The grid of all combinations, summed up over seeds, from the rows of ``scores.csv``."""

from collections import defaultdict
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import asdict
from statistics import fmean
from types import MappingProxyType

from mnerflow.conditions import CHANGES, IMAGE, TRUE, Condition
from mnerflow.plan.names import COMBINATION, FILTERS_OFF, Combination
from mnerflow.reporting.render import Table, between, deviation, percent, spread

REPORTED = ("entity_f1", "entity_f1_strict", "token_macro_f1", "subword_macro_f1")
# Below this, one more or one fewer entity right moves F1 by about a point.
FEW_SENTENCES = 100
COLUMNS = (
    *COMBINATION,
    "seeds",
    "sentences",
    *(f"{metric}_{part}" for metric in REPORTED for part in ("mean", "sd")),
    "entity_f1_low",
    "entity_f1_high",
    *(f"entity_f1_{change}" for change in CHANGES),
    "best",
)


def summarize(
    scores: Iterable[dict],
    best: Container[Combination] = (),
    intervals: Mapping[Combination, tuple[float, float]] = MappingProxyType({}),
) -> list[dict]:
    """One row a combination, over its seeds, on the test split, in the order of the combinations' names.

    A row has the columns ``COLUMNS``: ``seeds`` (how many), ``sentences``, ``<metric>_mean`` and
    ``<metric>_sd`` (sample standard deviation, ``None`` for one seed) with all sources true, and
    ``entity_f1_shuffled`` and ``entity_f1_blank``, means under these images, ``None`` where there are none,
    ``best``: whether it is among the combinations in ``best``, and ``entity_f1_low`` and
    ``entity_f1_high``, which ``intervals`` tells of a combination.
    """
    groups: dict[Combination, dict[str, list[dict]]] = defaultdict(lambda: defaultdict(list))
    for row in scores:
        if row["split"] == "test":
            groups[Combination.of(row)][row["condition"]].append(row)
    summary = []
    for combination, conditions in sorted(groups.items()):
        runs = conditions[TRUE.name]
        row = asdict(combination) | {"seeds": len(runs)}
        row["sentences"] = max(run["sentences"] for runs in conditions.values() for run in runs)
        for metric in REPORTED:
            values = [run[metric] for run in runs]
            row[f"{metric}_mean"] = fmean(values) if values else None
            row[f"{metric}_sd"] = deviation(values)
        for change in CHANGES:
            values = [run["entity_f1"] for run in conditions[Condition(IMAGE, change).name]]
            row[f"entity_f1_{change}"] = fmean(values) if values else None
        row["entity_f1_low"], row["entity_f1_high"] = intervals.get(combination, (None, None))
        summary.append(row | {"best": combination in best})
    return summary


def grid_table(summary: Sequence[dict]) -> Table:
    """The summary for a reader, in percent; the filter is shown only where one was used."""
    filtered = any(row["filter"] != FILTERS_OFF for row in summary)
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
            Combination.of(row).encoders,
            Combination.of(row).system,
            str(row["seeds"]),
            spread(row["entity_f1_mean"], row["entity_f1_sd"]),
            between(row["entity_f1_low"], row["entity_f1_high"]),
            *(spread(row[f"{metric}_mean"], row[f"{metric}_sd"]) for metric in REPORTED[1:]),
            *(percent(row[f"entity_f1_{change}"]) for change in CHANGES),
        ]
        for row in summary
    ]
    return Table(
        "F1 on the test split in percent, mean ± standard deviation over seeds; the interval is of the mean, "
        "by bootstrap over sentences and seeds (of one seed, over sentences). Strict: an entity counts only "
        "where `B-` begins it. Token macro F1: mean over the tags of words, `O` among them; subword macro "
        "F1, the thesis's: a word counts once a subword of its encoder (once, where that has no subwords). "
        "Shuffled and blank: entity F1 of the same weights with wrong images and with empty ones. Bold: the "
        "best of its data set and filter, where the next one is surely worse.",
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
            combination.data,
            combination.model,
            str(row["seeds"]),
            spread(row["entity_f1_mean"], row["entity_f1_sd"]),
            percent(row["token_macro_f1_mean"]),
            *(percent(row[f"entity_f1_{change}"]) for change in CHANGES),
        ]
        for row, combination in zip(summary, map(Combination.of, summary), strict=True)
    ]
    return Table(
        "Test split, percent: entity F1 (mean ± standard deviation over seeds), token macro F1, and entity "
        "F1 of the same weights with shuffled and with blank images.",
        columns,
        rows,
        notes=_small_sets(summary),
    )


def _small_sets(summary: Sequence[dict]) -> list[str]:
    small = {row["dataset"]: row["sentences"] for row in summary if row["sentences"] < FEW_SENTENCES}
    return [few_sentences(dataset, sentences) for dataset, sentences in small.items()]


def few_sentences(dataset: str, sentences: int) -> str:
    """What is said of a data set with fewer than ``FEW_SENTENCES``."""
    return f"{dataset} has only {sentences} test sentences: too few to compare models on."
