"""What the text encoders of a study's runs could not read of a data set, from the records of the runs."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from mnerflow.plan.names import FILTERS_OFF
from mnerflow.record import TrainingRecord
from mnerflow.reporting.columns import COUNT, Column, Form, numeric
from mnerflow.reporting.render import share
from mnerflow.reporting.table import Table


def _of(whole: str) -> Form:
    """A count, and its share of another column's."""
    return numeric(lambda row, name: f"{row[name]:,} ({share(row[name] / max(1, row[whole]))} %)")


TABLE = Table(
    "What text encoders could not read",
    "What text encoders could not read, by split. A run of the most posts stands for those of fewer, and one "
    "that cuts most for the others. The log of a prediction tells the same of test.",
    (
        Column("dataset", "data set", "its name in the configuration"),
        Column("filter", "filter", "what hid words from the model", unless=(FILTERS_OFF,)),
        Column("text_encoder", "encoder", "of the text"),
        Column("contexts", "beside the text", "the contexts that it reads", unless=("",)),
        Column("split", "split", "train or dev"),
        Column("posts", "posts", "how many it has", COUNT),
        Column("tokens", "tokens", "how many these have", COUNT),
        Column("unknown", "tokens with an unknown subword", "a character for the BiLSTM", _of("tokens")),
        Column("windowed", "posts read in windows", "longer than it reads at once", _of("posts")),
        Column(
            "cut", "contexts cut", "posts with a context longer than is read", _of("posts"), unless=(None,)
        ),
    ),
    printed=(
        *("dataset", "filter", "text_encoder", "contexts", "split"),
        *("posts", "tokens", "unknown", "windowed", "cut"),
    ),
)


def unread_rows(records: Iterable[TrainingRecord]) -> list[dict[str, Any]]:
    """A row a data set, filter, text encoder, contexts and split; none of runs that did not count it.

    A run of the most posts stands for those of fewer, and one that cuts most for the others.
    """
    groups: dict[tuple[str, ...], list[tuple[int | None, ...]]] = defaultdict(list)
    for record in records:
        contexts = " + ".join(record.config.get("contexts", ()))
        for split, unread in record.unread.items():
            key = record.dataset, record.filter, record.text, contexts, split
            cut = max(record.contexts_cut.get(split, {}).values(), default=None)
            groups[key].append((unread.posts, unread.tokens, unread.unknown, unread.windowed, cut))
    return [
        dict(zip(TABLE.names, (*key, *max(groups[key])), strict=True))
        for key in sorted(groups, key=lambda key: (*key[:-1], key[-1] != "train"))
    ]
