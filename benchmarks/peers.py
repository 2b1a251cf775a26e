"""How this project trains compared with other libraries for the same task, on the same posts and weights.

    python benchmarks/peers.py --mirror DIR --environments DIR [--posts 1000] [--epochs 3] [--runs 2]

Every peer has an environment of its own, because it needs another release of transformers than the project.
None is part of the project's lock file. Create them once, before the first run:

    for peer in autogluon flair; do
        python3 -m venv DIR/$peer && DIR/$peer/bin/pip install -r benchmarks/peers/$peer.txt
    done

A peer whose environment is missing is left out, with a message. All train MiniLM on the first posts of
Twitter-2017 from the mirror, text only, on one thread of one core and without a hub. Epochs, posts per step
(on average) and learning rates (for peers that have two) are the same. The first 300 posts of dev are scored
after each epoch. `benchmarks/peers/train_*.py` show all other settings. The peers' tags of the test posts are
scored here, by the project's entity F1. Each run has another seed, and every other run goes through the peers
in reverse order. Medians over the runs are printed, with the lowest and the highest F1, and added to the CSV
file. Ratios of speed use processor time, which a busy machine changes less.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import asdict, replace
from pathlib import Path
from statistics import median

from rows import Row, add_rows
from script import at_least, execute, existing
from tabulate import tabulate
from training import TYPES, made, minilm, text_run

from mnerflow.data.formats import parse
from mnerflow.data.post import Post, write_splits
from mnerflow.data.tags import tag_list
from mnerflow.evaluation.metrics import score
from mnerflow.evaluation.predictions import Prediction

SCRIPTS = Path(__file__).parent / "peers"
sys.path.append(str(SCRIPTS))
from exchange import ANSWER, TASK, Answer, Task  # noqa: E402 - is in the folder of the peers' scripts

OURS = "mnerflow"
PEERS = ("autogluon", "flair")
DEV = 300
BATCH_TOKENS = 512  # so few posts need smaller steps than the default
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS"), "1")
NO_HUB = dict.fromkeys(("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HF_DATASETS_OFFLINE"), "1")


def trained(peer: str, python: Path, task: Task, splits: dict[str, list[Post]]) -> Answer:
    """Train in a separate process and environment, and return its answer; exits with its log if it fails."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_splits(folder, splits, {TASK: json.dumps(asdict(task))})
        core = str(min(os.sched_getaffinity(0)))
        done = subprocess.run(
            ["taskset", "-c", core, str(python), str(SCRIPTS / f"train_{peer}.py"), name],
            env=os.environ | ONE_THREAD | NO_HUB | {"PYTHONPATH": str(SCRIPTS.parents[1] / "src")},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        if done.returncode:
            raise SystemExit(f"{done.stdout}\n{peer} failed, see above.")
        return Answer(**json.loads((folder / ANSWER).read_text(encoding="utf-8")))


def entity_f1(posts: list[Post], predicted: list[list[str]]) -> float:
    predictions = [
        Prediction(post.id, post.tokens, post.labels, tags, [1] * len(tags))
        for post, tags in zip(posts, predicted, strict=True)
    ]
    return score(predictions, tag_list(TYPES)).entity_f1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--mirror", type=existing, required=True, help="folder with twitter2017")
    parser.add_argument(
        "--environments", type=existing, required=True, help="folder with one of each peer's name"
    )
    parser.add_argument("--posts", type=at_least(1), default=1000)
    parser.add_argument("--epochs", type=at_least(1), default=3)
    parser.add_argument("--runs", type=at_least(1), default=2)
    parser.add_argument("--out", type=Path, default=Path("results/benchmarks.csv"))
    arguments = parser.parse_args()
    files = {"train": "train", "dev": "valid", "test": "test"}
    splits = {
        split: list(parse("umt", arguments.mirror / f"twitter2017/{file}.txt"))
        for split, file in files.items()
    }
    splits["train"], splits["dev"] = splits["train"][: arguments.posts], splits["dev"][:DEV]
    weights = minilm()
    run = text_run(weights, arguments.epochs)
    lengths = {split: made(run, posts)[1].lengths for split, posts in splits.items()}
    task = Task(
        weights=str(weights),
        types=list(TYPES),
        epochs=arguments.epochs,
        batch=round(BATCH_TOKENS * len(splits["train"]) / sum(lengths["train"])),
        batch_tokens=BATCH_TOKENS,
        longest=max(map(max, lengths.values())),
        encoder_rate=run.training.learning_rate.text,
        head_rate=run.training.learning_rate.fusion,
        seed=run.seed,
    )

    pythons = {peer: arguments.environments.absolute() / peer / "bin/python" for peer in PEERS}
    for peer in [peer for peer, python in pythons.items() if not python.exists()]:
        print(f"{peer} is left out: there is no {pythons.pop(peer)}")
    pythons = {OURS: Path(sys.executable)} | pythons
    answers: dict[str, list[Answer]] = {peer: [] for peer in pythons}
    for number in range(arguments.runs):
        for peer in [*pythons][:: -1 if number % 2 else 1]:
            answers[peer].append(trained(peer, pythons[peer], replace(task, seed=number + 1), splits))
            print(f"run {number + 1}: {peer} took {answers[peer][-1].seconds:.0f} s", flush=True)

    work = task.epochs * len(splits["train"])
    processor = {peer: median(one.processor_seconds for one in found) for peer, found in answers.items()}
    against = f"twitter2017, {len(splits['train'])} posts, {task.epochs} epochs, one thread"
    rows, table = [], []
    for peer, found in answers.items():
        rate = median(work / one.seconds for one in found)
        times = processor[peer] / processor[OURS]
        scores = [100 * entity_f1(splits["test"], one.predicted) for one in found]
        f1, ends = median(scores), f"{min(scores):.1f} to {max(scores):.1f}"
        memory = median(one.memory for one in found)
        rows += [
            Row(f"peers, {peer}: posts a second", rate, "posts/s", against=against),
            Row(
                f"peers, {peer}: posts a processor second", work / processor[peer], "posts/s", against=against
            ),
            Row(f"peers, {peer}: test entity F1", f1, "%", against=against),
            Row(f"peers, {peer}: peak memory", memory, "MiB", against=against),
        ]
        if peer != OURS:
            rows.append(Row(f"peers, {peer}: ours times as fast", times, "×", against=against))
        of_processor = f"{work / processor[peer]:.1f}"
        table.append([peer, f"{rate:.1f}", of_processor, f"{times:.2f}", f"{f1:.1f} ({ends})", memory])
    add_rows(rows, arguments.out)
    columns = ["", "posts/s", "posts/s of processor", "our times as fast", "test F1", "peak MiB"]
    print("\n" + tabulate(table, columns, disable_numparse=True))


if __name__ == "__main__":
    execute(main)
