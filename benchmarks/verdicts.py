"""How often simulated studies reach each verdict on a data set whose truth is known.

    python benchmarks/verdicts.py COUNTS [--seeds 3] [--posts 600 10000] [--studies 1000]

COUNTS is a folder with the counts of finished runs, such as `results/study/scores/demo_control_large`. The
more seeds and test posts the runs have, the better they represent all. A simulated study draws the given
numbers of seeds of every system and of test posts, with replacement, and performs the whole comparison. The
script prints the share of studies by verdict, for each fusion and for all fusions together.
"""

import argparse
from collections import Counter, defaultdict
from dataclasses import replace

import numpy as np
from script import at_least, execute, existing

from mnerflow.conditions import IMAGE
from mnerflow.config.configuration import Configuration
from mnerflow.errors import UserError
from mnerflow.evaluation.counts import Counts, read_counts
from mnerflow.evaluation.evidence import compare_with_baselines
from mnerflow.plan.names import NONE, TEXT_ONLY, Combination
from mnerflow.plan.seed_pools import SeedPools

Systems = dict[Combination, list[Counts]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("counts", type=existing)
    parser.add_argument("--seeds", type=at_least(1), default=3)
    parser.add_argument("--posts", type=at_least(1), nargs="+", default=[600, 2_500, 5_000, 10_000])
    parser.add_argument("--studies", type=at_least(1), default=1_000)
    arguments = parser.parse_args()
    files = sorted(arguments.counts.rglob("counts.npz"))
    if not files:
        raise UserError(f"{arguments.counts}: no counts of runs. Name a folder as `results/study/scores`.")
    data: dict[str, Systems] = defaultdict(lambda: defaultdict(list))
    for run, counts in sorted(read_counts(files).items()):
        data[run.data][run.combination].append(_of_all_types(counts))
    for name, systems in data.items():
        for posts in arguments.posts:
            print(f"{name}, {posts:,} posts, {arguments.seeds} seeds:", flush=True)
            for system, verdicts in draw(systems, arguments.seeds, posts, arguments.studies).items():
                shares = ((verdict, count / arguments.studies) for verdict, count in verdicts.most_common())
                print(f"  {system}:", ", ".join(f"{verdict} {share:.1%}" for verdict, share in shares))


def draw(systems: Systems, seeds: int, posts: int, studies: int) -> dict[str, Counter[str]]:
    """How many studies reach each verdict, by fusion; for all fusions together, by their set of verdicts."""
    rng, found = np.random.default_rng(0), defaultdict[str, Counter[str]](Counter)
    baselines = {
        one: {IMAGE: baseline}
        for one in systems
        if (baseline := replace(one, image_encoder=NONE, fusion=TEXT_ONLY)) in systems and one != baseline
    }
    for _ in range(studies):
        drawn = rng.integers(len(next(iter(systems.values()))[0].plain), size=posts)
        runs = {
            one.run(seed): _part(several[chosen], drawn)
            for one, several in systems.items()
            for seed, chosen in enumerate(rng.integers(len(several), size=seeds))
        }
        margin = Configuration.margin / 100
        compared, _ = compare_with_baselines(runs, baselines, SeedPools(), margin, trials=0)
        for one in compared:
            found[one.combination.system][one.verdict] += 1
        found["all"][" and ".join(sorted({one.verdict for one in compared}))] += 1
    return found


def _of_all_types(counts: Counts) -> Counts:
    entities = {name: array.sum(axis=1, keepdims=True) for name, array in counts.entities.items()}
    return Counts(("any",), counts.posts, entities, counts.changed)


def _part(counts: Counts, chosen: np.ndarray) -> Counts:
    entities = {name: array[chosen] for name, array in counts.entities.items()}
    return replace(counts, entities=entities, changed={k: v[chosen] for k, v in counts.changed.items()})


if __name__ == "__main__":
    execute(main)
