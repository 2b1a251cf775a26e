"""How a study was made: when, by which code, with which versions and on which machines."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from os import path
from pathlib import Path

from mnerflow.errors import quantity
from mnerflow.record import Hardware, TrainingRecord
from mnerflow.reporting.render import joined
from mnerflow.yaml_file import read_yaml

SHOWN = 10  # digits of a commit


@dataclass(frozen=True, slots=True)
class Made:
    """``summary`` is one line; ``facts`` are pairs of a name and its values, the most frequent first."""

    summary: str
    facts: Sequence[tuple[str, str]]


def made(records: Iterable[TrainingRecord]) -> Made:
    """How the runs were made, according to their records."""
    found = [*records]
    if not found:
        return Made("No run was trained.", [])
    days = sorted(datetime.fromisoformat(record.finished).date() for record in found)
    commits = Counter(_commit(record) for record in found)
    dirty = sum(record.code.dirty for record in found)
    packages = dict.fromkeys(name for record in found for name in record.versions)
    versions = (
        f"{name} {_counted(Counter(record.versions.get(name, 'not used') for record in found))}"
        for name in packages
    )
    runs = quantity(len(found), "run")
    first, count = max(commits.items(), key=lambda one: (one[1], one[0]))
    others = "another commit" if len(commits) == 2 else f"{len(commits) - 1} other commits"
    more = f" and {others}" if count < len(found) else ""
    changed = f"; {quantity(dirty, 'run')} with changes that were not committed" if dirty else ""
    return Made(
        f"{runs}, finished {_days(days)}; code {first}{more}.",
        [
            ("Runs", f"{runs}, finished {_days(days)}"),
            ("Code", f"{_counted(commits)}{changed}"),
            ("Versions", "; ".join(versions)),
            ("Machines", _counted(Counter(_machine(record.hardware) for record in found))),
        ],
    )


def method(checkout: Path, folder: Path) -> str:
    """A link from ``folder`` to docs/metrics.md: the repository's address, or a relative path.

    Outside the checkout, it leads to the copy of the code in the study's crate.
    """
    citation = read_yaml(checkout / "CITATION.cff", "citation", "Fetch mnerflow again.")
    if address := citation.get("repository-code"):
        return f"{address.rstrip('/')}/blob/HEAD/docs/metrics.md"
    if folder.resolve().is_relative_to(checkout.resolve()):
        return path.relpath(checkout / "docs/metrics.md", folder)
    return "code/docs/metrics.md"


def _commit(record: TrainingRecord) -> str:
    return (record.code.commit or "of no commit")[:SHOWN]


def _machine(hardware: Hardware) -> str:
    cores = f"{hardware.processor}, {quantity(hardware.cores, 'core')}"
    return f"{hardware.gpu}, {cores}" if hardware.gpu else cores


def _counted(found: Counter[str]) -> str:
    """``"2.14.1"``, or ``"2.14.1 (102 runs) and 2.11.0 (24)"``."""
    if len(found) == 1:
        return next(iter(found))
    ordered = sorted(found.items(), key=lambda one: (-one[1], one[0]))
    return joined([f"{what} ({quantity(count, 'run')})" for what, count in ordered])


def _days(days: Sequence[date]) -> str:
    """``"28 November 2026"``, or ``"26 November to 28 November 2026"``."""
    first, last = days[0], days[-1]
    end = f"{last.day} {last:%B %Y}"
    if first == last:
        return f"on {end}"
    year = f" {first.year}" if first.year != last.year else ""
    return f"from {first.day} {first:%B}{year} to {end}"
