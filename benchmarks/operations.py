"""How many operations a training step launches, and how long a processor takes to launch them.

    python benchmarks/operations.py [--steps 20]

A GPU computes an operation of a small model faster than the next one is launched, so the number of operations
decides how fast it trains. This number is the same on a processor. There, an encoder of twelve layers, so
narrow that its arithmetic takes almost no time, is trained on posts of the demo

- by the loop that transformers' documentation shows, in fp32 and with autocast;
- by our earlier loop with autocast, and by our loop as it is on a GPU, in bf16 with fp32 master weights.

All but the first multiply in bf16, and all optimizers update all weights at once. The benchmark counts what
reaches a kernel, without views of memory, and how many of these operations would make the processor wait for
a GPU. Rows are printed and added to the CSV file.
"""

import argparse
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import torch
from rows import Row, add_rows
from script import at_least, execute
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from training import TYPES, read_data
from transformers import (
    AutoModel,
    AutoModelForTokenClassification,
    LlamaConfig,
    MPNetConfig,
    PreTrainedTokenizerFast,
)

from mnerflow.compute import device as compute
from mnerflow.compute.device import make_deterministic
from mnerflow.config import PartConfig, RunConfig, TrainingConfig
from mnerflow.data.post import Post
from mnerflow.data.tags import tag_list
from mnerflow.models import attention, dropout
from mnerflow.models.batch import Batch
from mnerflow.models.tagger import Tagger, new_tagger
from mnerflow.training.batches import batches
from mnerflow.training.inputs import Inputs
from mnerflow.training.optimizer import Optimizer

WAITS = ("_local_scalar_dense", "nonzero", "masked_select", "unique", "is_nonzero", "equal", "bincount")
NO_KERNEL = (
    "empty",
    "empty_like",
    "empty_strided",
    "new_empty",
    "new_empty_strided",
    "_unsafe_view",
    "detach",
)
CPU = torch.device("cpu")
BATCH_TOKENS = 640
TINY = {"hidden_size": 24, "num_attention_heads": 2, "intermediate_size": 32}


def as_on_a_gpu() -> None:
    """Make this process choose the operations that it would choose for a GPU."""

    def fused(values: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
        return torch.native_dropout(values, p, training)[0]

    def draw(values: Tensor, p: float) -> tuple[Tensor, Tensor]:
        return torch.native_dropout(values, p, True)

    replaced: dict[Any, dict[str, Any]] = {
        compute: {"reads_without_sync": lambda device: False, "processor_trains_bf16": lambda: True},
        nn.functional: {"dropout": fused},
        dropout: {"draw": draw},
        attention: {"draw": draw},
    }
    for module, functions in replaced.items():
        vars(module).update(functions)


class Operations(TorchDispatchMode):
    """Counts PyTorch's operations by name while it is active; indexing by a mask counts as ``nonzero``."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.found: Counter[str] = Counter()

    def __torch_dispatch__(self, function: Any, types: Any, arguments: Any = (), options: Any = None) -> Any:
        name = function.overloadpacket.__name__
        if name in ("index", "index_put", "index_put_", "_index_put_impl_"):
            masks = [
                one for one in arguments[1] if one is not None and one.dtype in (torch.bool, torch.uint8)
            ]
            name = "nonzero" if masks else name
        if not function.is_view and name not in NO_KERNEL:
            self.found[name] += 1
        return function(*arguments, **(options or {}))

    @property
    def waits(self) -> dict[str, int]:
        """The operations that would make the processor wait for a GPU."""
        return {name: self.found[name] for name in WAITS if name in self.found}


def save_mpnet(folder: Path, posts: list[Post], **sizes: Any) -> None:
    """Write an MPNet with random weights, by default of base size, and a tokenizer trained on posts."""
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    special = ["<s>", "<pad>", "</s>", "[UNK]"]
    trainer = trainers.WordPieceTrainer(vocab_size=2000, special_tokens=special, show_progress=False)
    tokenizer.train_from_iterator((" ".join(post.tokens) for post in posts), trainer)
    tokenizer.post_processor = processors.BertProcessing(("</s>", 2), ("<s>", 0))
    names = {"bos_token": "<s>", "pad_token": "<pad>", "eos_token": "</s>", "unk_token": "[UNK]"}
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, model_max_length=512, **names).save_pretrained(folder)
    torch.manual_seed(0)
    AutoModel.from_config(MPNetConfig(pad_token_id=1, **sizes)).save_pretrained(folder)


def save_llama(folder: Path, posts: list[Post], place: torch.device, **sizes: Any) -> None:
    """Write a LLaMA with random weights in bf16, which the device ``place`` makes, and a tokenizer."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    size = min(2000, sizes["vocab_size"])
    trainer = trainers.BpeTrainer(
        vocab_size=size, special_tokens=["</s>"], initial_alphabet=alphabet, show_progress=False
    )
    tokenizer.train_from_iterator((f" {' '.join(post.tokens)}" for post in posts), trainer)
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="</s>").save_pretrained(folder)
    torch.manual_seed(0)
    with place:
        model = AutoModel.from_config(LlamaConfig(**sizes), dtype=torch.bfloat16)
    model.save_pretrained(folder)


def theirs(folder: Path, given: list[Batch], labels: list[Tensor], mixed: bool) -> Callable[[int], None]:
    """A step of the loop in transformers' documentation, with clipping and a sum of the loss."""
    model = AutoModelForTokenClassification.from_pretrained(folder, num_labels=len(tag_list(TYPES))).train()
    optimizer = torch.optim.AdamW(model.parameters(), fused=True)
    total = 0.0

    def step(number: int) -> None:
        nonlocal total
        text = given[number].text
        with torch.autocast("cpu", torch.bfloat16, enabled=mixed):
            loss = model(text["input_ids"], text["attention_mask"], labels=labels[number]).loss
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0, foreach=True)
        optimizer.step()
        optimizer.zero_grad()
        total += loss.item()

    return step


def ours(
    tagger: Tagger, run: RunConfig, given: list[Batch], layer_dtype: torch.dtype | None
) -> Callable[[int], None]:
    """A step of our loop, which would not wait for a GPU."""
    optimizer = Optimizer(tagger.train(), run.training, 1000, layer_dtype)
    losses = torch.zeros(len(given))

    def step(number: int) -> None:
        with torch.autocast("cpu", torch.bfloat16):
            loss = tagger.loss(given[number])
        loss.backward()
        losses[number] += loss.detach()
        optimizer.step()

    return step


def measured(kind: str, folder: Path, posts: list[Post], steps: int) -> list[Row]:
    """Operations, waits and time of a step of each loop; for a language model, only of our loops."""
    part = PartConfig(kind, weights=str(folder))
    settings = TrainingConfig(batch_tokens=BATCH_TOKENS)
    run = RunConfig(TYPES, 1, PartConfig("text_only"), part, training=settings)
    inputs = Inputs(posts, new_tagger(run, posts, 0))
    given = [inputs.batch(one) for one in batches(inputs.lengths, BATCH_TOKENS)][:steps]
    ways = {
        "autocast": ours(new_tagger(run, posts, 0), run, given, None),
        "bf16": ours(new_tagger(run, posts, 0), run, given, torch.bfloat16),
    }
    if kind == "transformer":
        labels = [_subword_labels(batch) for batch in given]
        ways["transformers' in fp32"] = theirs(folder, given, labels, False)
        ways["transformers' with autocast"] = theirs(folder, given, labels, True)
    rows = []
    about = f"12 layers, batches of {BATCH_TOKENS} subwords"
    for name, step in ways.items():
        step(0)  # creates the optimizer's moments
        with Operations() as operations:
            step(1)
        times = []
        for number in range(len(given)):
            start = time.perf_counter()
            step(number)
            times.append(time.perf_counter() - start)
        which = f"a step of a {kind}, {name}"
        rows += [
            Row(f"{which}: operations", sum(operations.found.values()), "kernels", against=about),
            Row(f"{which}: waits", sum(operations.waits.values()), "", against=about),
            Row(f"{which}: time", 1e3 * median(times), "ms", against=f"{about}, width 24, a processor"),
        ]
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--steps", type=at_least(2), default=20)
    parser.add_argument("--out", type=Path, default=Path("results/benchmarks.csv"))
    arguments = parser.parse_args()
    as_on_a_gpu()
    make_deterministic(1, 1)
    with tempfile.TemporaryDirectory() as scratch:
        _, posts, _ = read_data(None, Path(scratch) / "demo", 30 * arguments.steps)
        mpnet, llama = Path(scratch) / "mpnet", Path(scratch) / "llama"
        save_mpnet(mpnet, posts, **TINY)
        save_llama(llama, posts, CPU, num_hidden_layers=12, num_key_value_heads=1, vocab_size=2000, **TINY)
        rows = [
            *measured("transformer", mpnet, posts, arguments.steps),
            *measured("language_model", llama, posts, arguments.steps),
        ]
    add_rows(rows, arguments.out)


def _subword_labels(batch: Batch) -> Tensor:
    """A label for each subword, ``-100`` for those that do not begin a word."""
    ids = batch.text["input_ids"]
    labels = torch.full((ids.numel(),), -100)
    labels[batch.text["units"].squeeze(-1)[batch.word_mask]] = batch.labels[batch.word_mask]
    return labels.view(ids.shape)


if __name__ == "__main__":
    execute(main)
