"""What runs are compared with: the same, with one source taken away, or trained with it wrong."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from mnerflow.conditions import IMAGE, Condition
from mnerflow.plan.names import BASE, NONE, TEXT_ONLY, Combination, Run
from mnerflow.plan.variants import sources_of, variants, wrong_sources

# By combination what it is compared with: by the source that is taken away, the same without it; of controls,
# by the condition that they were trained with.
Baselines = Mapping["Combination", Mapping[str, "Combination"]]


def baselines(config: dict[str, Any], combination: Combination) -> dict[str, Combination]:
    """What a combination is compared with: by the source that is taken away, the same without it.

    Without its image a fusion is ``TEXT_ONLY``; without the contexts that a variant adds, the variant is the
    one that it is based on. What reads one source alone has no baseline, nor has a matched control: it is
    what others are compared with.
    """
    found: dict[str, Combination] = {}
    if wrong_sources(config, combination.variant):
        return found
    if combination.image_encoder != NONE and combination.text_encoder != NONE:
        found[IMAGE] = replace(combination, image_encoder=NONE, fusion=TEXT_ONLY)
    entry = variants(config)[combination.variant]
    if added := entry.get("contexts"):
        found["+".join(added)] = replace(combination, variant=entry.get("based_on", BASE))
    return found


def controls(config: dict[str, Any], combination: Combination) -> dict[str, Combination]:
    """The matched controls of a combination: the same, trained with wrong sources, ``image.shuffled``.

    Those are variants that are based on its own. Of several sources that are wrong at once the names are
    joined, as those of contexts that a variant adds are: ``caption+ocr.shuffled``.
    """
    found = {}
    for name, entry in variants(config).items():
        wrong = wrong_sources(config, name)
        if wrong and entry.get("based_on", BASE) == combination.variant:
            change = Condition.named(entry["train_with"][0]).change
            read = [source for source in sources_of(config, combination) if source in wrong]
            if len(read) == len(wrong):
                found[Condition("+".join(read), change).name] = replace(combination, variant=name)
    return found


def write_baselines(found: Baselines) -> dict[str, dict[str, str]]:
    """Baselines, or controls, as plain values, by their folders."""
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
    planned = {run.combination for run in runs}
    found = {baseline for one in planned for baseline in baselines(config, one).values()}
    return sorted(baseline.folder for baseline in found - planned)
