"""The gain that a study can show, by data set, seeds and test posts, estimated from its finished runs."""

from collections.abc import Iterator, Mapping, Sequence
from math import isfinite
from pathlib import Path
from statistics import median

from mnerflow.errors import UserError, listed, quantity
from mnerflow.evaluation.comparison import ONE_SEED
from mnerflow.evaluation.counts import Counts, by_data, read_counts
from mnerflow.evaluation.power import Variances
from mnerflow.evaluation.seeds import pooled_systems, systems_of
from mnerflow.plan.layout import scores
from mnerflow.plan.names import Combination, Run, data_label
from mnerflow.plan.seed_pools import SeedPools
from mnerflow.plan.study import config_of, file_of_study
from mnerflow.reporting import does_it_help, summary
from mnerflow.reporting.render import ABSENT, Rendered, percent

SEEDS = (2, 3, 5, 10, 20)
TIMES = (1, 2, 4)  # times the number of test posts
MOST = 200  # seeds


def power_text(study: Path, gain: float) -> str:
    """The table for a terminal; ``gain`` is the gain in entity F1, a fraction, that the seeds should show.

    Reads a study's configuration, ``tables/does_it_help.csv``, ``tables/grid.csv`` and the counts of the runs
    in the grid. Raises ``UserError`` when they are missing or of different posts, and when nothing was
    compared.
    """
    rows = does_it_help.TABLE.read(file_of_study(study, "tables/does_it_help.csv"))
    grid = map(Combination.of, summary.GRID.read(file_of_study(study, "tables/grid.csv")))
    folders = sorted({scores(one.dataset, one.filter, one.text_encoder) for one in grid})
    # Rivals have no such file, and other folders may be left of an earlier grid.
    files = [file for folder in folders if (file := study / folder / "counts.npz").exists()]
    if not files:
        raise UserError(f"{study}: no counts of runs. `make verify` computes those of published runs.")
    if not rows:
        raise UserError(f"{study}: no run was compared with a baseline. Run a grid with a baseline first.")
    pairs = [(Combination.of(row), Combination.from_folder(row["baseline"])) for row in rows]
    comparisons = max(1, sum(row["verdict"] != ONE_SEED for row in rows))
    pools = SeedPools.of(config_of(study))
    runs = read_counts(files)
    found = _variances(runs, pairs, pools)
    lines = [line for data, variances in found for line in _lines(data, variances, comparisons, gain)]
    notes = ["Rows with more test posts than exist assume two and four times as many of the same kind."]
    counted = {run.combination for run in runs}
    if left_out := [one.folder for one, other in pairs if not counted >= {one, other}]:
        notes.append(f"Left out because their counts are not in {study}/scores: {listed(left_out)}.")
    return Rendered(
        "The gain in points of entity F1 that a comparison has an 80 % chance to show, at p < 0.05 after "
        f"correction for {quantity(comparisons, 'comparison')}, by data set, test posts and seeds per "
        "system. It is the median over the comparisons of the data set. The last column is the number of "
        f"seeds needed to show {100 * gain:g} points.",
        ["data set", "test posts", *(f"{seeds} seeds" for seeds in SEEDS), f"{100 * gain:g} points"],
        lines,
        notes=notes,
    ).console()


def _variances(
    runs: Mapping[Run, Counts], pairs: Sequence[tuple[Combination, Combination]], pools: SeedPools
) -> Iterator[tuple[str, list[Variances]]]:
    """Yield each data set with the variances of its ``pairs``, as far as both of a pair were counted."""
    for data, of_data in by_data(runs):
        systems = systems_of(of_data)
        pooled = pooled_systems(systems)
        found = [
            Variances.of(
                systems[one],
                systems[other],
                [system for each, system in pooled.items() if pools.pool(each) == pools.pool(one)],
            )
            for one, other in pairs
            if one in systems and other in systems
        ]
        if found:
            yield data_label(*data), found


def _lines(data: str, found: Sequence[Variances], comparisons: int, gain: float) -> Iterator[list[str]]:
    def detectable(seeds: int, posts: int) -> float:
        return median(each.detectable(seeds, posts, comparisons) for each in found)

    for times in TIMES:
        posts = times * found[0].sentences
        shown = [detectable(seeds, posts) for seeds in SEEDS]
        needed = next((seeds for seeds in range(2, MOST + 1) if detectable(seeds, posts) <= gain), None)
        cells = [percent(value) if isfinite(value) else ABSENT for value in shown]
        none = f"> {MOST} seeds" if isfinite(shown[0]) else ABSENT
        yield [data, f"{posts:,}", *cells, quantity(needed, "seed") if needed else none]
