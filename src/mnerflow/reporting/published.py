"""Results from the literature, for drawing beside ours."""

from dataclasses import dataclass
from pathlib import Path

import yaml


@dataclass(frozen=True, slots=True)
class Source:
    """Where a result was published; ``id`` is an ACL Anthology id, a DOI or a handle."""

    title: str
    authors: str
    venue: str
    year: int
    id: str
    url: str


@dataclass(frozen=True, slots=True)
class Published:
    """One published result, ``value`` a fraction.

    ``checked`` says whether the value was seen in print, ``seen_in`` where, if not in the source itself.
    """

    system: str
    backbone: str
    modality: str
    dataset: str
    split: str
    metric: str
    value: float
    source: Source
    checked: bool
    seen_in: str = ""


def published(dataset: str, metric: str = "entity_f1", split: str = "test") -> list[Published]:
    """Results with exactly this data set, metric and split, the best first."""
    content = yaml.safe_load(Path(__file__).with_name("published.yaml").read_text(encoding="utf-8"))
    sources = {key: Source(**source) for key, source in content["sources"].items()}
    results = [
        Published(**{**entry, "value": round(entry["value"] / 100, 4), "source": sources[entry["source"]]})
        for entry in content["results"]
    ]
    wanted = (dataset, metric, split)
    found = [result for result in results if (result.dataset, result.metric, result.split) == wanted]
    return sorted(found, key=lambda result: -result.value)
