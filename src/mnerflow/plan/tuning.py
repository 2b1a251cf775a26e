"""A declared search over training settings: its candidates and their configurations."""

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


def candidates(config: dict[str, Any]) -> list[Candidate]:
    """All candidates of the configuration's ``tuning``, each once, in the order of their declaration.

    Raises ``UserError`` for a name that is not configured and for a setting that training does not have.
    """
    found: dict[Candidate, None] = {}
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
        for setting, run in product(settings, runs):
            build(RunConfig, candidate_config(config, Candidate(run, setting)), place)
            found[Candidate(run, setting)] = None
    return list(found)


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
