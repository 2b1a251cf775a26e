"""What runs are held against: the same, with one source taken away."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from mnerflow.conditions import IMAGE
from mnerflow.plan.names import BASE, NONE, TEXT_ONLY, Combination, Run
from mnerflow.plan.variants import variants

# By combination what it is held against: by the source that is taken away, the same without it.
Baselines = Mapping["Combination", Mapping[str, "Combination"]]


def baselines(config: dict[str, Any], combination: Combination) -> dict[str, Combination]:
    """What a combination is held against: by the source that is taken away, the same without it.

    Without its image a fusion is ``TEXT_ONLY``; without the contexts that a variant adds, the variant is the
    one that it is based on. What reads one source alone has no baseline.
    """
    found = {}
    if combination.image_encoder != NONE and combination.text_encoder != NONE:
        found[IMAGE] = replace(combination, image_encoder=NONE, fusion=TEXT_ONLY)
    entry = variants(config)[combination.variant]
    if added := entry.get("contexts"):
        found["+".join(added)] = replace(combination, variant=entry.get("based_on", BASE))
    return found


def write_baselines(found: Baselines) -> dict[str, dict[str, str]]:
    """Baselines as plain values, by their folders."""
    return {
        one.folder: {source: other.folder for source, other in others.items()}
        for one, others in found.items()
    }


def read_baselines(values: Mapping[str, Mapping[str, str]]) -> dict[Combination, dict[str, Combination]]:
    """What ``write_baselines`` was given."""
    return {
        Combination.from_folder(folder): {
            source: Combination.from_folder(other) for source, other in others.items()
        }
        for folder, others in values.items()
    }


def lacking_baselines(config: dict[str, Any], runs: Iterable[Run]) -> list[str]:
    """The baselines that ``runs`` lack, each once: what their sources are worth cannot be said."""
    planned = {*runs}
    lacking = {
        baseline.run(run.seed).path
        for run in planned
        for baseline in baselines(config, run.combination).values()
        if baseline.run(run.seed) not in planned
    }
    return sorted(lacking)
