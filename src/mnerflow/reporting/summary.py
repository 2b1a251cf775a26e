"""The grid of all combinations, summarized over seeds, from the rows of ``scores.csv``."""

from collections import defaultdict
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import asdict
from statistics import fmean
from types import MappingProxyType
from typing import Any

from mnerflow.conditions import CHANGES, IMAGE, TRUE, Condition
from mnerflow.errors import listed, quantity
from mnerflow.plan.names import NONE, Combination
from mnerflow.reporting.columns import (
    COMBINATION_COLUMNS,
    COUNT,
    DATA,
    ENCODERS,
    FLAG,
    MODEL,
    PERCENT,
    RANGE,
    SCORES,
    SEEDS,
    SYSTEM,
    Column,
    over_seeds,
)
from mnerflow.reporting.render import Rendered, deviation
from mnerflow.reporting.table import Part, Table

REPORTED = ("entity_f1", "entity_f1_strict", "token_macro_f1", "subword_macro_f1")
# Below this, one more or one fewer entity right moves F1 by about a point.
FEW_SENTENCES = 100
GRID = Table(
    "All combinations",
    "F1 on the test split in percent, mean ± standard deviation over seeds, from three seeds on. The 95 % "
    "interval is of the mean entity F1, over other sentences and seeds. Token macro F1: "
    "{token_macro_f1_mean}. Shuffled and blank: entity F1 of the same models with shuffled and with blank "
    "images. Bold: {best}.",
    (
        *COMBINATION_COLUMNS,
        SEEDS,
        Column("sentences", "sentences", "number of sentences in the test split", COUNT),
        *over_seeds("entity_f1", *SCORES["entity_f1"], bold="best"),
        *(column for name in REPORTED[1:] for column in over_seeds(name, *SCORES[name])),
        Column(
            "entity_f1_low",
            "95 % interval",
            "interval of the mean entity F1, over other sentences and seeds; empty where no run has two "
            "seeds",
            RANGE,
        ),
        Column("entity_f1_high", meaning="upper end of the interval", form=PERCENT),
        Column(
            "entity_f1_shuffled", "shuffled", "entity F1 of the same models with shuffled images", PERCENT
        ),
        Column("entity_f1_blank", "blank", "entity F1 of the same models with blank images", PERCENT),
        Column(
            "best",
            meaning="shown to be the best of its data set and filter by entity F1, with no other better by "
            "another metric",
            form=FLAG,
        ),
    ),
    printed=(
        DATA,
        ENCODERS,
        SYSTEM,
        "seeds",
        "entity_f1_mean",
        "entity_f1_low",
        "token_macro_f1_mean",
        "entity_f1_shuffled",
        "entity_f1_blank",
    ),
    further=(
        Part(
            "scores",
            "Other scores of the same runs. Strict: {entity_f1_strict_mean}. Subword macro F1, the thesis's: "
            "{subword_macro_f1_mean}.",
            (DATA, ENCODERS, SYSTEM, "entity_f1_strict_mean", "subword_macro_f1_mean", "sentences"),
        ),
    ),
    page=(DATA, MODEL, "entity_f1_mean"),
    wide=("token_macro_f1_mean", "entity_f1_shuffled", "entity_f1_blank", "seeds"),
    detail=("entity_f1_low", "entity_f1_strict_mean", "subword_macro_f1_mean", "sentences"),
)


def summarize(
    scores: Iterable[dict[str, Any]],
    best: Container[Combination] = (),
    intervals: Mapping[Combination, tuple[float, float]] = MappingProxyType({}),
) -> list[dict[str, Any]]:
    """One row per combination, over its seeds, on the test split, in the order of the combinations' names.

    A row has the columns of ``GRID``. ``seeds`` is their number. ``<metric>_mean`` and ``<metric>_sd``
    (sample standard deviation, ``None`` below three seeds) are with all sources true. ``entity_f1_shuffled``
    and ``entity_f1_blank`` are means with such images, ``None`` where there are no such scores. ``best`` says
    whether the combination is among those in ``best`` and none of its data set and filter has a higher mean
    by any metric. ``entity_f1_low`` and ``entity_f1_high`` come from ``intervals``.
    """
    groups: dict[Combination, dict[str, list[dict[str, Any]]]] = defaultdict(lambda: defaultdict(list))
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
        summary.append(row)
    highest: dict[str, list[float]] = {}
    for row in summary:
        means = [row[f"{metric}_mean"] or 0.0 for metric in REPORTED]
        data = Combination.of(row).data
        highest[data] = [*map(max, means, highest.get(data, means))]
    for row in summary:
        one = Combination.of(row)
        row["best"] = one in best and [row[f"{metric}_mean"] for metric in REPORTED] == highest[one.data]
    return summary


def grid_table(summary: Sequence[dict[str, Any]]) -> Rendered:
    """The summary for a reader."""
    return GRID.render(summary, remarks(summary))


def remarks(summary: Sequence[dict[str, Any]]) -> list[str]:
    """Notes on data sets with fewer than ``FEW_SENTENCES``, and on models that find no entity."""
    small = {row["dataset"]: row["sentences"] for row in summary if row["sentences"] < FEW_SENTENCES}
    few = [few_sentences(dataset, sentences) for dataset, sentences in small.items()]
    blind: dict[str, list[str]] = defaultdict(list)
    for row in summary:
        if row["entity_f1_mean"] == 0 and row["text_encoder"] != NONE:  # an image alone names no word
            one = Combination.of(row)
            blind[one.data].append(one.model)
    return few + [
        f"On {data}, {listed(models)} found no entity of the test split. Either it has none, which `mnerflow "
        "check` and the data report say, or training did not get under way. Then more epochs "
        "or posts, another learning rate or a pretrained encoder help; `mnerflow check` proposes settings."
        for data, models in blind.items()
    ]


def few_sentences(dataset: str, sentences: int) -> str:
    """A note on a data set with fewer than ``FEW_SENTENCES``."""
    return f"{dataset} has only {quantity(sentences, 'test sentence')}: too few to compare models on."
