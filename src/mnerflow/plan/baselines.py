"""What runs are compared with: the same run without one source, or trained with it shuffled or blank."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from mnerflow.conditions import IMAGE, Condition
from mnerflow.plan.names import BASE, NONE, TEXT_ONLY, Combination, Run
from mnerflow.plan.variants import altered_sources, sources_of, variants

# For each combination, what it is compared with: baselines by the source that is taken away, controls by the
# condition that they were trained with.
Baselines = Mapping[Combination, Mapping[str, Combination]]


def baselines(config: dict[str, Any], combination: Combination) -> dict[str, Combination]:
    """The baselines of a combination, by the source that is taken away.

    Without its image, a fusion becomes ``TEXT_ONLY``. Without the contexts that it adds, a variant becomes
    the one that it is based on. A combination that reads only text or only images has no baseline. A matched
    control has none either, since other combinations are compared with it.
    """
    found: dict[str, Combination] = {}
    if altered_sources(config, combination.variant):
        return found
    if combination.image_encoder != NONE and combination.text_encoder != NONE:
        found[IMAGE] = replace(combination, image_encoder=NONE, fusion=TEXT_ONLY)
    entry = variants(config)[combination.variant]
    if added := entry.get("contexts"):
        found["+".join(added)] = replace(combination, variant=entry.get("based_on", BASE))
    return found


def controls(config: dict[str, Any], combination: Combination) -> dict[str, Combination]:
    """The matched controls of a combination by the condition that they were trained with: ``image.shuffled``.

    They are the combination with a variant that is based on its own and is trained with sources shuffled or
    blank. If several sources are changed at once, their names are joined like those of contexts that a
    variant adds: ``caption+ocr.shuffled``.
    """
    found = {}
    for name, entry in variants(config).items():
        altered = altered_sources(config, name)
        if altered and entry.get("based_on", BASE) == combination.variant:
            change = Condition.named(entry["train_with"][0]).change
            read = [source for source in sources_of(config, combination) if source in altered]
            if len(read) == len(altered):
                found[Condition("+".join(read), change).name] = replace(combination, variant=name)
    return found


def write_baselines(found: Baselines) -> dict[str, dict[str, str]]:
    """Baselines or controls as plain values, with folders for combinations."""
    return {
        one.folder: {source: other.folder for source, other in others.items()}
        for one, others in found.items()
    }


def read_baselines(values: Mapping[str, Mapping[str, str]]) -> dict[Combination, dict[str, Combination]]:
    """The inverse of ``write_baselines``."""
    return {
        Combination.from_folder(folder): {
            source: Combination.from_folder(other) for source, other in others.items()
        }
        for folder, others in values.items()
    }


def lacking_baselines(config: dict[str, Any], runs: Iterable[Run]) -> list[str]:
    """The folders of baselines that ``runs`` lack; the value of these sources cannot be measured."""
    planned = {run.combination for run in runs}
    found = {baseline for one in planned for baseline in baselines(config, one).values()}
    return sorted(baseline.folder for baseline in found - planned)
