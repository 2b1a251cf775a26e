"""Language models as rivals: their scores, what could not be read in their answers, and their cost."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import asdict, replace
from pathlib import Path
from statistics import fmean
from typing import Any

from mnerflow.conditions import TRUE
from mnerflow.files.json_text import read_json
from mnerflow.llm.answer import ANSWER_PROBLEMS, ENTITY_PROBLEMS
from mnerflow.plan.names import Combination, Run
from mnerflow.record import RECORD, RivalRecord
from mnerflow.reporting.columns import (
    COMBINATION_COLUMNS,
    COUNT,
    DATA,
    PERCENT,
    SCORES,
    SEEDS,
    Column,
    Form,
    number,
    over_seeds,
)
from mnerflow.reporting.summary import summarize
from mnerflow.reporting.table import Part, Table

RIVAL = Column("text_encoder", "rival", "name of the rival in the configuration")
ASKED = Column("fusion", "asked", "how the rival is prompted")
REPORTED = ("entity_f1", "entity_f1_strict", "token_macro_f1")
MEANINGS = {
    "unreadable": "answers in which no entities could be read",
    "mended": "answers whose JSON was repaired",
    "cut_off": "answers cut off at the maximum length",
    "placed": "entities placed in the text",
    "incomplete": "entities without words or without a type",
    "unknown_type": "entities of a type that the data set does not have",
    "not_in_text": "entities whose words do not occur in the text",
    "overlapping": "entities whose words belong to an entity placed before",
}
PROBLEMS = (*ANSWER_PROBLEMS, "placed", *ENTITY_PROBLEMS)
COUNTED = (*PROBLEMS, "images_not_shown", "from_cache", "input_tokens", "output_tokens")
COST = number("{:.4f}".format)
TABLE = Table(
    "Rivals",
    "Language models prompted for the entities of the test split: F1 in percent (mean ± standard deviation "
    "over seeds). Tokens are means over seeds, and dollars are sums over seeds.",
    (
        *COMBINATION_COLUMNS,
        Column("model", meaning="name of the language model at its API"),
        Column("prompt", meaning="start of the SHA-256 checksum of the prompt's file"),
        SEEDS,
        Column("posts", "posts", "number of posts that were queried", COUNT),
        *(column for name in REPORTED for column in over_seeds(name, *SCORES[name])),
        *(Column(name, name.replace("_", " "), MEANINGS[name], COUNT) for name in PROBLEMS),
        Column("images_not_shown", meaning="images that the model was not shown", form=COUNT),
        Column("from_cache", meaning="answers taken from the cache", form=COUNT),
        Column("input_tokens", "tokens in", "tokens of the questions", COUNT),
        Column("output_tokens", "tokens out", "tokens of the answers", COUNT),
        Column("cost", "US$", "cost in US dollars, summed over seeds, where a price is configured", COST),
    ),
    printed=(
        DATA,
        RIVAL,
        ASKED,
        "seeds",
        "posts",
        "entity_f1_mean",
        "entity_f1_strict_mean",
        "token_macro_f1_mean",
        "input_tokens",
        "output_tokens",
        "cost",
    ),
    further=(
        Part(
            "answers",
            "What could not be read in the answers, means over seeds. Counted per post: {unreadable}; "
            "{mended}; {cut_off}. Counted per entity: {placed}, and those left out: {incomplete}; "
            "{unknown_type}; {not_in_text}; {overlapping}.",
            (DATA, RIVAL, ASKED, *PROBLEMS),
        ),
    ),
)
# What fits the 100 columns of a terminal.
SHORT = replace(
    TABLE,
    about="Language models on the test split, percent: entity F1 and token macro F1; answers that could not "
    "be read; US dollars.",
    printed=(
        DATA,
        replace(RIVAL, form=Form(lambda row, name: f"{row[name]} {row['fusion']}")),
        "posts",
        Column("entity_f1_mean", "entity F1", form=PERCENT),
        Column("token_macro_f1_mean", "macro F1", form=PERCENT),
        "unreadable",
        "cost",
    ),
)


def rival_rows(folders: Iterable[Path]) -> list[dict[str, Any]]:
    """One row of ``TABLE`` per combination, from its runs' ``scores.json`` and ``run.yaml``.

    Scores are fractions of 1. Scores and counts are means over seeds; ``cost`` is the sum over seeds in US
    dollars (``None`` where no price is configured). ``prompt`` is the start of its file's SHA-256. Raises
    ``UserError`` naming a file that is missing or malformed.
    """
    scores, records = [], defaultdict(list)
    for folder in folders:
        run = Run.from_folder(folder)
        scores.append(
            asdict(run)
            | {"split": "test", "condition": TRUE.name}
            | read_json(folder / "scores.json")["test"][TRUE.name]
        )
        records[run.combination].append(RivalRecord.read(folder / RECORD))
    rows = []
    for row in summarize(scores):
        runs = records[Combination.of(row)]
        costs = [run.cost for run in runs if run.cost is not None]
        rows.append(
            {column: row.get(column) for column in TABLE.names}
            | {"model": runs[0].config["model"], "prompt": runs[0].prompt.sha256[:12]}
            | {"posts": row["sentences"], "cost": sum(costs) if costs else None}
            | {name: fmean(_count(run, name) for run in runs) for name in COUNTED}
        )
    return rows


def _count(record: RivalRecord, name: str) -> int:
    counted = {
        "images_not_shown": len(record.images_not_shown),
        "from_cache": record.from_cache,
        "input_tokens": record.input_tokens,
        "output_tokens": record.output_tokens,
    }
    return (counted | record.answers | record.entities).get(name, 0)
