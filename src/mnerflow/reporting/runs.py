"""The scores of every run as a table."""

from urllib.parse import quote

from mnerflow.plan.names import Run
from mnerflow.reporting.columns import (
    COMBINATION_COLUMNS,
    COUNT,
    DATA,
    MODEL,
    PERCENT,
    SCORES,
    Column,
    number,
)
from mnerflow.reporting.table import Table

# Of ``scores.csv``, which ``evaluation.scores`` writes.
TABLE = Table(
    "Every run",
    "Every run, split and condition, in percent; a seed leads to the run's folder with weights, "
    "configuration, history and predictions.",
    (
        *COMBINATION_COLUMNS,
        Column(
            "seed",
            "seed",
            "it leads to the run",
            number(str),
            link=lambda row: quote(f"runs/{Run.of(row).path}/"),
        ),
        Column("split", "split", "the split that is scored"),
        Column(
            "condition", "condition", "`true`, or the source that was changed and how, as `image.shuffled`"
        ),
        *(Column(name, *said, PERCENT) for name, said in SCORES.items()),
        Column("sentences", "sentences", "in the split", COUNT),
        Column("gold_entities", "gold entities", "in the split", COUNT),
    ),
    page=(DATA, MODEL, "seed", "condition", "entity_f1"),
    wide=("split", "entity_precision", "entity_recall", "token_macro_f1"),
)
