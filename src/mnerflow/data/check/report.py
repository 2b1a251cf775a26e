"""The text that tells a user what was found in their data."""

from collections import defaultdict
from collections.abc import Sequence

from mnerflow.data.check.findings import Findings, Problem
from mnerflow.data.check.pasted import configuration
from mnerflow.errors import listed, quantity


def report(findings: Findings, limit: int | None = None) -> str:
    """The splits, the problems, and the configuration to paste if none of them would stop a run.

    Of the problems with the same remedy, at most ``limit`` are listed, or all if it is ``None``.
    """
    lines = [f"{findings.place}: {findings.format}"]
    for split, posts in findings.splits.items():
        tokens = quantity(sum(len(post.tokens) for post in posts), "token")
        files = listed(findings.files[split])
        lines.append(f"  {split:<5} {quantity(len(posts), 'post'):>13} {tokens:>16}  {files}")
    if any(findings.splits.values()):
        entities = ", ".join(f"{kind} {count}" for kind, count in findings.types.items()) or "none"
        named = any(post.images for _, post in findings.posts())
        images = f"usable images: {findings.images}" if named else "images: none, so only the text is read"
        lines += [f"  entities: {entities}", f"  {images}"]
    lines += [f"  {note}" for note in findings.notes]
    stopping = [problem for problem in findings.problems if problem.stops]
    passing = [problem for problem in findings.problems if not problem.stops]
    for title, problems in (("that stop a run", stopping), ("that do not stop a run", passing)):
        if problems:
            lines += ["", f"problems {title}: {len(problems)}", *_grouped(problems, limit)]
    if stopping:
        return "\n".join([*lines, "", "Fix the problems that stop a run, and check again."])
    pasted = "Nothing stops a run. Save this as FILE and run `snakemake --cores 2 --configfile FILE`:"
    return "\n".join([*lines, "", pasted, "", configuration(findings)])


def _grouped(problems: Sequence[Problem], limit: int | None) -> list[str]:
    """Problems by their remedy, in the order in which each remedy was first met."""
    groups: dict[str, list[str]] = defaultdict(list)
    for problem in problems:
        groups[problem.remedy].append(problem.what)
    lines = []
    for remedy, found in groups.items():
        lines.append(f"  {len(found)} × {remedy}")
        lines += ["    " + what.replace("\n", r"\n") for what in found[:limit]]
        if limit is not None and len(found) > limit:
            lines.append(f"    and {len(found) - limit} more")
    return lines
