"""The tables in README.md and docs/study.md are those of the published study."""

import re
from pathlib import Path

import yaml

from mnerflow.plan.finished import is_published
from mnerflow.plan.grid import expand
from mnerflow.plan.names import FILTERS_OFF, Combination, Run
from mnerflow.plan.settings import merge
from mnerflow.reporting import does_it_help, pooled, summary
from mnerflow.reporting.render import between, interval, percent, points, spread

ROOT = Path(__file__).parents[2]
ROW = re.compile(
    r"^\| `(\w+)`(?: \(([\w+]+)\))? \| `([^`]+)` \| (\d+) \| ([^|]+) \| ([^|]+) \| ([^|]+) \| ([^|]+) \|",
    re.M,
)
COMPARED = re.compile(
    r"^\| `(\w+)` \| `([^`]+)` \| ([\d.]+) \| ([\d.]+) \| ([+−][\d.]+) \(([^)]+)\) \| ([^|]+) \| (\w+) \|",
    re.M,
)
POOLED = re.compile(r"^\| `(\w+)` \| ([\w ]+) \| (\d+)(?:, [^|]+)? \| ([+−][\d.]+) \(([^)]+)\) \|", re.M)
METRICS = ("entity_f1", "token_macro_f1", "subword_macro_f1")


def test_every_published_run_is_one_of_the_study_with_its_settings() -> None:
    config = {}
    for file in ("config/datasets.yaml", "config.yaml", "config/study.yaml"):
        config = merge(config, yaml.safe_load((ROOT / file).read_text(encoding="utf-8")))
    folder = ROOT / "results/published"
    published = {Run.from_folder(record.parent) for record in (folder / "runs").rglob("run.yaml")}
    assert published <= set(expand(config))
    assert [run.path for run in published if not is_published(folder, run, config)] == []


def text(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def test_every_row_of_the_study_is_published() -> None:
    published = {
        (row["dataset"], row["filter"], Combination.of(row).model): row
        for row in summary.GRID.read(ROOT / "results/published/tables/grid.csv")
    }
    rows = ROW.findall(text("docs/study.md"))
    assert {(dataset, name or FILTERS_OFF, model) for dataset, name, model, *_ in rows} == published.keys()
    for dataset, filter_name, model, seeds, *cells in rows:
        row = published[dataset, filter_name or FILTERS_OFF, model]
        entity_f1, *others = (spread(row[f"{m}_mean"], row[f"{m}_sd"]) for m in METRICS)
        ends = between(row["entity_f1_low"], row["entity_f1_high"])
        assert cells == [entity_f1, ends, *others] and int(seeds) == row["seeds"], (dataset, model)


def test_every_mean_of_the_readme_is_published() -> None:
    rows = pooled.TABLE.read(ROOT / "results/published/tables/pooled.csv")
    published = {(row["dataset"], row["source"].replace("+", " and ")): row for row in rows}
    shown = POOLED.findall(text("README.md"))
    assert shown
    for dataset, source, models, *cells in shown:
        row = published[dataset, source]
        assert int(models) == row["models"]
        assert cells == [points(row["difference"]), interval(row["low"], row["high"])], (dataset, source)


def test_every_comparison_of_the_study_is_published_and_of_three_seeds() -> None:
    published = {
        (row["dataset"], Combination.of(row).model): row
        for row in does_it_help.TABLE.read(ROOT / "results/published/tables/does_it_help.csv")
    }
    rows = COMPARED.findall(text("docs/study.md"))
    assert rows
    for dataset, model, *cells in rows:
        row = published[dataset, model]
        baseline, fusion, difference, low, high, drop = (
            row[name]
            for name in ("baseline_score", "fusion_score", "difference", "low", "high", "drop_shuffled")
        )
        scores = [percent(baseline), percent(fusion), points(difference), interval(low, high), points(drop)]
        assert cells == [*scores, row["verdict"]] and row["seeds"] >= 3, (dataset, model)
