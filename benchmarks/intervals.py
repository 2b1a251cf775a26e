"""How often confidence intervals contain the true value, on simulated studies whose truth is known.

    python benchmarks/intervals.py [--counts DIR] [--studies N]

Needs the counts of the published runs, which `make verify` computes. Writes docs/intervals.csv and
docs/intervals.md.

A simulated study draws test sentences from a published test set, with replacement. For every sentence, each
simulated system behaves like a randomly chosen published system, and each of its seeds like a randomly chosen
published seed. So sentences differ, and seeds differ within them, as in reality, but no system is better than
another. Then a normal error is added to each seed's F1, with the variance of the published seeds. If
variances are `unequal`, a random half of the systems have a tenth of this variance, and the others 1.9 times
as much.
"""

import argparse
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from scipy.special import digamma, ndtr, polygamma, stdtr, stdtrit
from script import at_least, execute, existing

from mnerflow.errors import UserError
from mnerflow.evaluation.counts import read_counts
from mnerflow.evaluation.seeds import Seeds, SeedVariance, sentence_variance
from mnerflow.evaluation.statistics import SIGNIFICANCE, holm
from mnerflow.files.csv_text import csv_text
from mnerflow.files.writing import write_text

ROOT = Path(__file__).parents[1]
# Data sets and text encoders whose systems are similar enough to represent each other.
SETTINGS = (
    ("twitter2017", "minilm"),
    ("twitter2015", "minilm"),
    ("poner_scans", "e5"),
    ("twitter10000_thesis", "minilm"),
    ("demo_control", "bilstm"),
)
SEEDS = (1, 2, 3, 5)
OTHERS = 2  # further systems of the data set, not compared, with three seeds as published
COLUMNS = ("dataset", "variances", "seeds", "method", "coverage", "width", "false", "familywise")
MEASURES = ("coverage, %", "width, points", "any false verdict, %")
PAGE = """# Intervals on simulated studies

Made by `python benchmarks/intervals.py`, after `make verify`; [metrics.md](metrics.md) explains the purpose.
*Coverage* is how often a 95 % interval includes the true difference. *Any false verdict* is how often at
least one comparison of a study without any true difference has p < 0.05 after Holm's correction. *Unequal*
gives a random half of the systems a tenth of the variance between seeds, and the others 1.9 times as much.
*Pooled* is mnerflow's method. *Moderated* shrinks each system's variance towards that of all.

"""
# p, and the bounds of the 95 % interval.
Result = tuple[float, float, float]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--counts", type=existing, default=ROOT / "results/verified/results")
    parser.add_argument("--studies", type=at_least(1), default=1_000, help="simulated for each row")
    parser.add_argument("--out", type=Path, default=ROOT / "docs/intervals.csv")
    arguments = parser.parse_args()
    files = sorted(arguments.counts.rglob("counts.npz"))
    if not files:
        raise UserError(f"{arguments.counts}: no counts of runs. Compute them with `make verify`.")
    populations = {name: population(files, name, encoder) for name, encoder in SETTINGS}
    rows = []
    for (name, systems), unequal, seeds in product(populations.items(), (False, True), SEEDS):
        variances = "unequal" if unequal else "equal"
        for method, measured in simulate(systems, seeds, arguments.studies, unequal=unequal).items():
            rows.append((name, variances, seeds, method, *(f"{value:.4f}" for value in measured)))
            print(*rows[-1], flush=True)
    write_text(arguments.out, csv_text(COLUMNS, rows))
    write_text(arguments.out.with_suffix(".md"), page(rows))


def population(files: Sequence[Path], dataset: str, encoder: str) -> np.ndarray:
    """Counts ``(systems, seeds, sentences, 3)`` of the published systems of a data set with three seeds."""
    systems = defaultdict(list)
    for run, counts in sorted(read_counts(files).items()):
        named = (run.data, run.text_encoder) == (dataset, encoder)
        if named and not run.variant.startswith("pretrained"):
            systems[run.combination].append(counts.plain.sum(axis=1))
    whole = [np.stack(seeds) for seeds in systems.values() if len(seeds) == 3]
    if not whole:
        raise UserError(
            f"No counts of {encoder} on {dataset} with three seeds. Compute them with `make verify`."
        )
    return np.stack(whole)


def simulate(
    systems: np.ndarray, seeds: int, studies: int, *, unequal: bool = False, main: float | None = None
) -> dict[str, tuple[float, ...]]:
    """Coverage, width, and false verdicts (single ones, and any in a study after Holm) of each method.

    A study has as many systems as ``systems``, a baseline and fusions, with ``seeds`` seeds each.
    ``main`` is the variance of the seeds' errors, by default as published.
    """
    rng = np.random.default_rng(0)
    if main is None:
        main = SeedVariance.pooled([Seeds.of(counts) for counts in systems]).main
    compared = len(systems)
    numbers = [seeds] * compared + [3] * OTHERS
    scale = np.where(np.arange(len(numbers)) % 2, 1.9, 0.1) if unequal else np.ones(len(numbers))
    results: dict[str, list[list[Result]]] = defaultdict(list)
    for _ in range(studies):
        study = list(draw(systems, numbers, np.sqrt(main * rng.permutation(scale)), rng))
        for name, method in METHODS.items():
            results[name].append(method(study, compared, rng))
    return {name: summary(np.array(found)) for name, found in results.items()}


def draw(
    systems: np.ndarray, numbers: Sequence[int], deviations: np.ndarray, rng: np.random.Generator
) -> Iterator[Seeds]:
    """Yield equally good systems with the given ``numbers`` of seeds, which differ by ``deviations``."""
    known, published, sentences, _ = systems.shape
    drawn = rng.integers(sentences, size=sentences)
    order = rng.permuted(np.tile(np.arange(known), (sentences, 1)), axis=1)
    for index, (number, deviation) in enumerate(zip(numbers, deviations, strict=True)):
        seed = rng.integers(published, size=(number, sentences))
        system = Seeds.of(systems[order[:, index % known], seed, drawn])
        yield Seeds(system.scores + rng.normal(0, deviation, number), system.influence)


def pooled(study: Sequence[Seeds], compared: int, rng: np.random.Generator) -> list[Result]:
    """The method of mnerflow: the variance between seeds is pooled over systems."""
    variance = SeedVariance.pooled(study)
    found = [variance.difference(fusion, study[0]) for fusion in study[1:compared]]
    return [(one.p, *one.interval()) for one in found]


def moderated(study: Sequence[Seeds], compared: int, rng: np.random.Generator) -> list[Result]:
    """Each system's own variance between seeds, shrunk towards that of all systems (Smyth 2004)."""
    several = [system for system in study if len(system) > 1]
    freedom = np.array([len(system) - 1 for system in several])
    between = np.maximum([system.between for system in several], 1e-10)  # two seeds may score the same
    logs = np.log(between) - digamma(freedom / 2) + np.log(freedom / 2)
    excess = logs.var(ddof=1) - polygamma(1, freedom / 2).mean()
    all_of_them = SeedVariance.pooled(several)
    if excess <= 0:
        return pooled(study, compared, rng)
    prior = 2 * inverse_trigamma(excess)
    common = np.exp(logs.mean() + digamma(prior / 2) - np.log(prior / 2))

    def of(system: Seeds) -> tuple[float, float, float]:
        freedom = len(system) - 1
        if not freedom:
            return common, all_of_them.interaction, prior
        between = (prior * common + freedom * system.between) / (prior + freedom)
        return between, system.interaction, min(prior + freedom, all_of_them.df)

    found = []
    for fusion in study[1:compared]:
        sides = [(fusion, *of(fusion)), (study[0], *of(study[0]))]
        sentence = sentence_variance(fusion.influence.mean(axis=0) - study[0].influence.mean(axis=0))
        square = sentence + sum(
            max(0, between - estimate) / len(side) for side, between, estimate, _ in sides
        )
        error = sum(between / np.sqrt(df) / len(side) for side, between, _, df in sides)
        df = square**2 / (sentence**2 / (fusion.influence.shape[1] - 1) + error**2)
        value, reach = fusion.mean - study[0].mean, np.sqrt(square) * stdtrit(df, 0.975)
        found.append((2 * stdtr(df, -abs(value) / np.sqrt(square)), value - reach, value + reach))
    return found


def inverse_trigamma(value: float) -> float:
    """The number whose trigamma is ``value``, by Newton's method (Smyth 2004, appendix)."""
    number = 0.5 + 1 / value
    for _ in range(20):
        trigamma = polygamma(1, number)
        number += trigamma * (1 - trigamma / value) / polygamma(2, number)
    return float(number)


def bootstrap(study: Sequence[Seeds], compared: int, rng: np.random.Generator) -> list[Result]:
    """The earlier method: sentences and seeds drawn with replacement, p by approximate randomization.

    Both use the normal limit of many sentences, which makes no visible difference.
    """
    found = []
    for fusion in study[1:compared]:
        sides = (fusion, study[0])
        scores = np.concatenate([side.scores for side in sides])
        influence = np.concatenate([side.influence for side in sides])
        draws = rng.multivariate_normal(scores, influence @ influence.T, size=500, method="eigh")
        halves = np.split(draws, [len(fusion)], axis=1)
        seeds = [rng.integers(half.shape[1], size=half.shape) for half in halves]
        drawn = [np.take_along_axis(*pair, axis=1).mean(axis=1) for pair in zip(halves, seeds, strict=True)]
        swapped = fusion.influence.mean(axis=0) - study[0].influence.mean(axis=0)
        swapped += (fusion.mean - study[0].mean) / len(swapped)
        p = 2 * ndtr(-abs(fusion.mean - study[0].mean) / np.sqrt((swapped**2).sum()))
        found.append((p, *np.quantile(drawn[0] - drawn[1], [0.025, 0.975])))
    return found


METHODS = {"bootstrap": bootstrap, "pooled": pooled, "moderated": moderated}


def summary(results: np.ndarray) -> tuple[float, ...]:
    """Coverage, width, false verdicts, and studies with one, from results ``(studies, comparisons, 3)``."""
    p, low, high = np.moveaxis(results, -1, 0)
    family = [min(holm(list(study))) < SIGNIFICANCE for study in p]
    covered = (low <= 0) & (high >= 0)
    return covered.mean(), (high - low).mean(), (p < SIGNIFICANCE).mean(), float(np.mean(family))


def page(rows: Sequence[Sequence[Any]]) -> str:
    """The table as a Markdown page: a line per setting and number of seeds, the methods side by side."""
    lines: dict[tuple[Any, ...], list[list[str]]] = defaultdict(lambda: [[], [], []])
    for *setting, _, coverage, width, _, familywise in rows:
        values = (coverage, 1), (width, 2), (familywise, 1)
        for cells, (value, digits) in zip(lines[tuple(setting)], values, strict=True):
            cells.append(f"{100 * float(value):.{digits}f}")
    heads = ["data set", "variances", "seeds", *(f"{name}: {' / '.join(METHODS)}" for name in MEASURES)]
    table = [heads, ["---"] * len(heads)]
    table += [[*map(str, setting), *map(" / ".join, cells)] for setting, cells in lines.items()]
    return PAGE + "\n".join(f"| {' | '.join(line)} |" for line in table) + "\n"


if __name__ == "__main__":
    execute(main)
