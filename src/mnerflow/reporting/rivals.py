"""Language models as rivals: what they scored, what could not be read in their answers, what they cost."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from statistics import fmean

from mnerflow.conditions import TRUE
from mnerflow.evaluation.counts import Counts
from mnerflow.evaluation.evidence import Comparison, compare_with_baselines, corrected
from mnerflow.files import read_json
from mnerflow.llm.answer import ANSWER_PROBLEMS, ENTITY_PROBLEMS
from mnerflow.plan.baselines import Baselines
from mnerflow.plan.names import COMBINATION, Combination, Run
from mnerflow.record import RECORD, RivalRecord
from mnerflow.reporting.render import ABSENT, Table, percent, spread
from mnerflow.reporting.summary import summarize

SCORES = ("entity_f1", "entity_f1_strict", "token_macro_f1")
COUNTED = (
    *ANSWER_PROBLEMS,
    "placed",
    *ENTITY_PROBLEMS,
    "images_not_shown",
    "from_cache",
    "input_tokens",
    "output_tokens",
)
COLUMNS = (
    *COMBINATION,
    "model",
    "prompt",
    "seeds",
    "posts",
    *(f"{metric}_{part}" for metric in SCORES for part in ("mean", "sd")),
    *COUNTED,
    "cost",
)


def rival_rows(folders: Iterable[Path]) -> list[dict]:
    """One row a combination with the columns ``COLUMNS``, from its runs' ``scores.json`` and ``run.yaml``.

    Scores are fractions of 1 and, as counts are, means over seeds; ``cost`` is the sum over seeds in US
    dollars (``None`` where no price is configured), ``prompt`` the start of its file's sha256. Raises
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
        records[run.combination].append(RivalRecord.read(folder / RECORD, "Delete it and ask again."))
    rows = []
    for row in summarize(scores):
        runs = records[Combination.of(row)]
        costs = [run.cost for run in runs if run.cost is not None]
        rows.append(
            {column: row.get(column) for column in COLUMNS}
            | {"model": runs[0].config["model"], "prompt": runs[0].prompt.sha256[:12]}
            | {"posts": row["sentences"], "cost": sum(costs) if costs else None}
            | {name: fmean(_count(run, name) for run in runs) for name in COUNTED}
        )
    return rows


def rival_table(rows: Sequence[dict]) -> Table:
    """The rows for a reader, scores in percent."""
    columns = ["data set", "rival", "asked", "seeds", "posts", "entity F1", "strict", "token macro F1"]
    columns += ["unreadable", "mended", "cut off", "placed", "incomplete", "unknown type", "not in text"]
    columns += ["overlapping", "tokens in", "tokens out", "US$"]
    cells = [
        [
            Combination.of(row).data,
            row["text_encoder"],
            row["fusion"],
            str(row["seeds"]),
            str(row["posts"]),
            *(spread(row[f"{metric}_mean"], row[f"{metric}_sd"]) for metric in SCORES),
            *(f"{row[name]:.0f}" for name in (*ANSWER_PROBLEMS, "placed", *ENTITY_PROBLEMS)),
            *(f"{row[name]:,.0f}" for name in ("input_tokens", "output_tokens")),
            ABSENT if row["cost"] is None else f"{row['cost']:.4f}",
        ]
        for row in rows
    ]
    return Table(
        "Language models asked for the entities of the test split: F1 in percent (mean ± standard deviation "
        "over seeds). Counted a post: answers in which no entities could be read, answers whose JSON was "
        "mended, answers cut off at the longest length. Counted an entity: placed in the text, and left out "
        "because words or type were missing, the type is none of the data set's, the words do not stand in "
        "the text, or they belong to an entity placed before. Counts and tokens are means over seeds, "
        "dollars their sum.",
        columns,
        cells,
    )


def short_rival_table(rows: Sequence[Mapping[str, str | None]]) -> Table:
    """Rows of ``rivals.csv`` in the 100 columns of a terminal."""
    cells = [
        [
            Combination.of(row).data,
            f"{row['text_encoder']} {row['fusion']}",
            row["posts"],
            percent(float(row["entity_f1_mean"])),
            percent(float(row["token_macro_f1_mean"])),
            f"{float(row['unreadable']):.0f}",
            ABSENT if row["cost"] is None else f"{float(row['cost']):.4f}",
        ]
        for row in rows
    ]
    return Table(
        "Language models on the test split, percent: entity F1 and token macro F1; answers that could not be "
        "read; US dollars.",
        ["data set", "rival", "posts", "entity F1", "macro F1", "unreadable", "US$"],
        cells,
    )


def compare_rivals(runs: Mapping[Run, Counts], baselines: Baselines) -> tuple[list[Comparison], list[Run]]:
    """Every rival asked with the image beside itself without it, as ``compare_with_baselines`` compares.

    One rival's runs at a time, since a trial may have asked about fewer posts than others did.
    """
    comparisons, alone = [], []
    for name in sorted({run.text_encoder for run in runs}):
        own = {run: counts for run, counts in runs.items() if run.text_encoder == name}
        compared, without = compare_with_baselines(own, baselines)
        comparisons += compared
        alone += without
    return corrected(comparisons), alone


def _count(record: RivalRecord, name: str) -> int:
    counted = {
        "images_not_shown": len(record.images_not_shown),
        "from_cache": record.from_cache,
        "input_tokens": record.input_tokens,
        "output_tokens": record.output_tokens,
    }
    return (counted | record.answers | record.entities).get(name, 0)
