"""Declared searches over training settings: their candidates and their configurations."""

import json
from dataclasses import dataclass
from itertools import product
from typing import Any

from mnerflow.config import RunConfig, build
from mnerflow.config.configuration import Block
from mnerflow.plan.grid import block_runs
from mnerflow.plan.names import Run
from mnerflow.plan.settings import merge, run_config


@dataclass(frozen=True)
class Candidate:
    """One setting of a search and one seed; ``settings`` is like ``learning_rate.text=0.001,epochs=5``."""

    run: Run
    settings: str

    @property
    def path(self) -> str:
        """Its folder below ``results/tuning``."""
        return f"{self.run.folder}/{self.settings}/seed{self.run.seed}"


def searches(config: dict[str, Any]) -> list[list[Candidate]]:
    """The candidates of each search of the configuration's ``tuning``, in the order of their declaration.

    Raises ``UserError`` for a name that is not configured and for a setting that training does not have.
    """
    found = []
    for number, search in enumerate(config.get("tuning", []), start=1):
        place = f"tuning, search {number}"
        lists = ("search", "seeds")
        block = {f"{key}s": [value] for key, value in search.items() if key not in lists}
        block["seeds"] = search["seeds"]
        runs = block_runs(config, Block(**block), place)
        values = product(*search["search"].values())
        settings = [
            ",".join(f"{key}={value:.15g}" for key, value in zip(search["search"], row, strict=True))
            for row in values
        ]
        tried = [Candidate(run, setting) for setting, run in product(settings, runs)]
        for candidate in tried:
            build(RunConfig, candidate_config(config, candidate), place)
        found.append(tried)
    return found


def candidate_config(config: dict[str, Any], candidate: Candidate) -> dict[str, Any]:
    """The plain values of a candidate's ``RunConfig``: those of its run, overridden by its settings."""
    values = run_config(config, candidate.run)
    for setting in candidate.settings.split(","):
        key, _, value = setting.partition("=")
        change: Any = json.loads(value)
        for part in reversed(key.split(".")):
            change = {part: change}
        values["training"] = merge(values["training"], change)
    return values
