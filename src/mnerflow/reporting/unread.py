"""What the text encoders of a study could not read in a data set, from the records of the runs."""

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
    "What text encoders could not read, by split. Of several runs, the one with the most posts is shown, and "
    "of these the one that cuts the most contexts. The log of a prediction says the same about test.",
    (
        Column("dataset", "data set", "name of the data set in the configuration"),
        Column("filter", "filter", "filter that hid words from the model", unless=(FILTERS_OFF,)),
        Column("text_encoder", "encoder", "text encoder"),
        Column("contexts", "beside the text", "contexts that the encoder reads", unless=("",)),
        Column("split", "split", "train or dev"),
        Column("posts", "posts", "number of posts in the split", COUNT),
        Column("tokens", "tokens", "number of tokens in these posts that no filter hid", COUNT),
        Column(
            "unknown",
            "tokens with an unknown subword",
            "for the BiLSTM, tokens with an unknown character",
            _of("tokens"),
        ),
        Column("windowed", "posts read in windows", "posts longer than it reads at once", _of("posts")),
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
    """A row per data set, filter, text encoder, contexts and split; runs without these counts are left out.

    Of several runs, the row is that of the one with the most posts, and of these the one that cuts the most.
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
