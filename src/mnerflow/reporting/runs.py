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

# The columns of ``scores.csv``, which ``evaluation.scores`` writes.
TABLE = Table(
    "Every run",
    "Every run, split and condition, in percent. A seed links to the run's folder with weights, "
    "configuration, history and predictions.",
    (
        *COMBINATION_COLUMNS,
        Column(
            "seed",
            "seed",
            "seed of the run, with a link to the run's folder",
            number(str),
            link=lambda row: quote(f"runs/{Run.of(row).path}/"),
        ),
        Column("split", "split", "split that is scored"),
        Column(
            "condition", "condition", "`true`, or the source that was changed and how, as in `image.shuffled`"
        ),
        *(Column(name, *said, PERCENT) for name, said in SCORES.items()),
        Column("sentences", "sentences", "number of sentences in the split", COUNT),
        Column("gold_entities", "gold entities", "number of gold entities in the split", COUNT),
    ),
    page=(DATA, MODEL, "seed", "condition", "entity_f1"),
    wide=("split", "entity_precision", "entity_recall", "token_macro_f1"),
)
