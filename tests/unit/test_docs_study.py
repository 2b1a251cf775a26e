"""The tables of the study in README.md and docs/study.md are those of the published scores."""

import re
from pathlib import Path

import pytest
import yaml

from mnerflow.evaluation.scores import read_scores
from mnerflow.grid import Run, expand, merge
from mnerflow.publication import is_published
from mnerflow.reporting.render import spread
from mnerflow.reporting.tables import encoders, summarize

ROOT = Path(__file__).parents[2]
ROW = re.compile(
    r"^\| `(\w+)`(?: \(([\w+]+)\))? \| `([^`]+)` \| (\d+) \| ([^|]+) \| ([^|]+) \| ([^|]+) \|", re.M
)
METRICS = ("entity_f1", "token_macro_f1", "subword_macro_f1")


def test_every_published_run_is_one_of_the_study_with_its_settings() -> None:
    config = {}
    for file in ("config/datasets.yaml", "config.yaml", "config/study.yaml"):
        config = merge(config, yaml.safe_load((ROOT / file).read_text(encoding="utf-8")))
    folder = ROOT / "results/published"
    published = {Run.from_folder(record.parent) for record in (folder / "runs").rglob("run.yaml")}
    assert published <= set(expand(config))
    assert [run.path for run in published if not is_published(folder, run, config)] == []


@pytest.mark.parametrize("page", ["README.md", "docs/study.md"])
def test_every_row_of_the_study_is_published(page: str) -> None:
    published = {
        (row["dataset"], row["filter"], f"{encoders(row)} {row['fusion']}"): row
        for row in summarize(read_scores(ROOT / "results/published/scores.csv"))
    }
    rows = ROW.findall((ROOT / page).read_text(encoding="utf-8"))
    shown = {(dataset, name or "none", model) for dataset, name, model, *_ in rows}
    assert shown and (page == "README.md" or shown == published.keys())
    for dataset, filter_name, model, seeds, *cells in rows:
        row = published[dataset, filter_name or "none", model]
        assert int(seeds) == row["seeds"]
        values = [spread(row[f"{metric}_mean"], row[f"{metric}_sd"]) for metric in METRICS]
        assert [cell.strip(" *") for cell in cells] == values, (dataset, model)
