"""A declared search over training settings: which candidates there are, and which one dev prefers."""

import csv
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

import yaml

from mnerflow.config import RunConfig, build
from mnerflow.grid import Run, block_runs, merge, run_config
from mnerflow.reporting.render import Table, spread
from mnerflow.reporting.tables import COMBINATION, data_and_filter, encoders

COLUMNS = (*COMBINATION, "settings", "seeds", "select", "dev_mean", "dev_sd", "seconds", "picked")


@dataclass(frozen=True)
class Candidate:
    """One setting of a search and one seed; ``settings`` reads ``learning_rate.text=0.001,epochs=5``."""

    run: Run
    settings: str

    @property
    def path(self) -> str:
        """Its folder below ``results/tuning``."""
        head, _, seed = self.run.path.rpartition("/")
        return f"{head}/{self.settings}/{seed}"


def candidates(config: Mapping[str, Any]) -> list[Candidate]:
    """All candidates of the configuration's ``tuning``, each once, in the order of their declaration.

    Raises ``UserError`` for a name that is not configured and for a setting that training does not have.
    """
    found: dict[Candidate, None] = {}
    for number, search in enumerate(config.get("tuning", []), start=1):
        place = f"tuning, search {number}"
        named = ("dataset", "filter", "text_encoder", "image_encoder", "fusion")
        block = {f"{key}s": [search[key]] for key in named if key in search} | {"seeds": search["seeds"]}
        runs = list(block_runs(config, block, place))
        values = product(*search["search"].values())
        settings = [
            ",".join(f"{key}={value:.15g}" for key, value in zip(search["search"], row, strict=True))
            for row in values
        ]
        for setting, run in product(settings, runs):
            build(RunConfig, candidate_config(config, Candidate(run, setting)), place)
            found[Candidate(run, setting)] = None
    return list(found)


def candidate_config(config: Mapping[str, Any], candidate: Candidate) -> dict[str, Any]:
    """The plain values of a candidate's ``RunConfig``: those of its run, with its settings over them."""
    values = run_config(config, candidate.run)
    for setting in candidate.settings.split(","):
        key, _, value = setting.partition("=")
        change: Any = yaml.safe_load(value) if "e" not in value else float(value)
        for part in reversed(key.split(".")):
            change = {part: change}
        values["training"] = merge(values["training"], change)
    return values


def compare(folders: Mapping[Candidate, Path]) -> list[dict]:
    """A row a setting: the dev score of the epoch kept (a fraction of 1), mean and spread over seeds.

    ``picked`` marks the highest mean of each search; the first of equals.
    """
    searches: dict[tuple, dict[str, list[Candidate]]] = defaultdict(lambda: defaultdict(list))
    for candidate in folders:
        searches[candidate.run.combination][candidate.settings].append(candidate)
    rows = []
    for search in searches.values():
        tried = [_row(seeds, folders) for seeds in search.values()]
        best = max(tried, key=lambda row: row["dev_mean"])
        rows += [row | {"picked": row is best} for row in tried]
    return rows


def tuning_table(rows: Sequence[dict]) -> Table:
    """What was tried, the setting that was picked bold."""
    return Table(
        "What was tried and what was picked (bold): score of the kept epoch on dev, percent, mean ± standard "
        "deviation over seeds. Test was not read.",
        ["data set", "encoders", "fusion", "settings", "seeds", "score", "dev", "seconds"],
        [
            [
                *(data_and_filter(row), encoders(row), row["fusion"], row["settings"], str(row["seeds"])),
                *(row["select"], spread(row["dev_mean"], row["dev_sd"]), f"{row['seconds']:.0f}"),
            ]
            for row in rows
        ],
        bold={(index, column) for index, row in enumerate(rows) if row["picked"] for column in (3, 6)},
    )


def _row(seeds: Sequence[Candidate], folders: Mapping[Candidate, Path]) -> dict:
    records = [yaml.safe_load((folders[seed] / "run.yaml").read_text(encoding="utf-8")) for seed in seeds]
    select = records[0]["config"]["training"]["select"]
    scores = []
    for seed, record in zip(seeds, records, strict=True):
        with (folders[seed] / "history.csv").open(encoding="utf-8", newline="") as file:
            kept = list(csv.DictReader(file))[record["best_epoch"] - 1]
        scores.append(float(kept[f"dev_{select}"]))
    return dict(zip(COMBINATION, seeds[0].run.combination, strict=True)) | {
        "settings": seeds[0].settings,
        "seeds": len(seeds),
        "select": select,
        "dev_mean": fmean(scores),
        "dev_sd": stdev(scores) if len(scores) > 1 else None,
        "seconds": fmean(record["seconds"] for record in records),
    }
