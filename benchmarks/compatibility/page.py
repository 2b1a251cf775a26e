"""Verdicts on families of models, and the tables of ``docs/compatibility.md`` that are made from them."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from mnerflow.errors import UserError


@dataclass(frozen=True)
class Verdict:
    """The outcome for a family: refused with a message, failed with another error, or neither."""

    name: str
    refused: str = ""
    failed: str = ""


def verdict(name: str, check: Callable[[], None]) -> Verdict:
    """Run a check of a family, which raises ``UserError`` where the project refuses it."""
    try:
        check()
    except UserError as error:
        return Verdict(name, refused=str(error))
    except Exception as error:  # any error of a library is a finding
        return Verdict(name, failed=f"{type(error).__name__}: {error}".split("\n")[0])
    return Verdict(name)


def table(title: str, verdicts: Iterable[Verdict], untried: Sequence[str] = ()) -> str:
    """A section in Markdown: the families that work in one line, the others in a table by their message.

    In a message, ``…`` replaces the name of the family. No tiny model of the ``untried`` families could be
    made.
    """
    verdicts = sorted(verdicts, key=lambda verdict: verdict.name.lower())
    works = [verdict.name for verdict in verdicts if not verdict.refused and not verdict.failed]
    lines = [f"## {title}", "", f"{len(works)} work: {', '.join(works)}.", ""]
    others = defaultdict(list)
    for one in verdicts:
        if said := one.refused or (one.failed and f"**fails**: {one.failed}"):
            others[said.replace(one.name, "…").replace("|", "&#124;")].append(one.name)
    if others:
        rows = (f"| {', '.join(names)} | {said} |" for said, names in others.items())
        lines += ["| refused | what is said |", "|---|---|", *rows, ""]
    if untried:
        lines += [f"Not tried, as no tiny model of them could be made: {', '.join(sorted(untried))}.", ""]
    return "\n".join(lines)
