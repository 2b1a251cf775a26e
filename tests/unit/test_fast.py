"""What is done differently than in torch, for speed alone: the same results, or the same distribution."""

import os
import subprocess
import sys

import pytest
import torch
from torch import nn

from mnerflow.compute import device
from mnerflow.models.dropout import Dropout, draw, replace_dropout
from mnerflow.models.padding import mask_of, padded
from mnerflow.training.adamw import AdamW
from mnerflow.training.optimizer import clip_gradients


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("p", [0.1, 0.5])
def test_dropout_zeroes_its_share_and_keeps_the_mean(p: float, dtype: torch.dtype) -> None:
    torch.manual_seed(0)
    values = torch.ones(999, 1001, dtype=dtype, requires_grad=True)  # the number of values is odd
    dropped, _ = draw(values, p)
    share = (dropped == 0).double().mean().item()
    assert abs(share - p) < 4 * (p * (1 - p) / values.numel()) ** 0.5
    assert dropped.dtype == dtype and dropped.max().item() == pytest.approx(1 / (1 - p), rel=0.005)
    dropped.sum().backward()
    assert torch.equal(values.grad, dropped.detach())
    neighbours = (dropped[:, 1:] == 0) & (dropped[:, :-1] == 0)  # are drawn from one number
    assert abs(neighbours.double().mean().item() - p * p) < 5 * (p * p / values.numel()) ** 0.5


def test_dropout_is_by_seed_and_of_training_alone() -> None:
    model = nn.Sequential(nn.Linear(8, 8), nn.ModuleDict({"default": nn.Dropout(0.5)}))
    replace_dropout(model)
    dropout = model[1]["default"]
    assert type(dropout) is Dropout
    values, draws = torch.ones(64), []
    for _ in range(2):
        torch.manual_seed(3)
        draws.append(dropout(values))
    assert torch.equal(*draws) and not torch.equal(dropout(values), draws[0])
    assert torch.equal(dropout.eval()(values), values)
    assert torch.equal(draw(values, 0.0)[0], values) and not draw(values, 1.0)[0].any()


@pytest.mark.parametrize("limit", [0.1, 100.0])
def test_gradients_are_clipped_as_torch_does(limit: float) -> None:
    models = []
    for _ in range(2):
        torch.manual_seed(0)
        models.append(nn.Linear(3, 3))
        models[-1](torch.ones(2, 3)).square().sum().backward()
    clip_gradients([*models[0].parameters()], limit)
    nn.utils.clip_grad_norm_(models[1].parameters(), limit)
    assert all(torch.equal(a.grad, b.grad) for a, b in zip(*(m.parameters() for m in models), strict=True))


def test_rows_are_padded_to_the_longest() -> None:
    rows = [[3], [], [1, 2, 3]]
    assert padded(rows, 9).tolist() == [[3, 9, 9], [9, 9, 9], [1, 2, 3]]
    assert padded([[], []]).shape == (2, 0) and padded([[], []]).dtype == torch.int64
    assert mask_of(torch.tensor([1, 0, 3])).tolist() == [[True, False, False], [False] * 3, [True] * 3]
    assert mask_of(torch.tensor([[1, 2], [0, 1]])).shape == (2, 2, 2)


@pytest.mark.skipif(sys.platform != "linux", reason="glibc's")
def test_freed_memory_is_kept_until_it_has_grown() -> None:
    code = """
import resource, torch
from pathlib import Path
from mnerflow.compute.memory import FreedMemory
def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() // 2**20
freed = FreedMemory()
start = resident()
for size in (100, 100 + FreedMemory.GROWTH + 50):
    torch.zeros(size * 2**18)
    before = resident() - start
    freed.limit()
    print(before, resident() - start)
"""
    child = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    kept, grown = (tuple(map(int, line.split())) for line in child.stdout.splitlines())
    assert min(kept) > 90, "a step's memory is kept for the next"
    assert grown[0] > 500 and grown[1] < 60, "and given back when it has grown"


HALF = """
import torch
from mnerflow.compute.device import autocast, make_deterministic
make_deterministic(1, threads=1)
before = torch.get_rng_state()
with torch.inference_mode(), autocast(torch.device("cpu")):
    pass
assert torch.equal(torch.get_rng_state(), before)
layer = torch.nn.LSTM(8, 8, bidirectional=True)
with autocast(torch.device("cpu")):
    layer(torch.ones(3, 2, 8))[0].sum().backward()
assert layer.weight_ih_l0.grad.isfinite().all()
"""


@pytest.mark.parametrize("instructions", ["SSE41", "AVX2", "AVX512_CORE"])
def test_half_precision_is_not_asked_of_instructions_that_may_not_be_used(instructions: str) -> None:
    environment = os.environ | {"ONEDNN_MAX_CPU_ISA": instructions}
    done = subprocess.run([sys.executable, "-c", HALF], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_weights_move_as_torchs_adamw_moves_them() -> None:
    torch.manual_seed(0)
    start = [torch.randn(5, 3), torch.randn(7), torch.randn(2, 2)]
    gradients = [[torch.randn_like(weight) for weight in start] for _ in range(6)]

    def groups() -> list[dict]:
        weights = [nn.Parameter(weight.clone()) for weight in start]
        return [
            {"params": weights[:1], "lr": 0.1, "weight_decay": 0.01},
            {"params": weights[1:], "lr": 0.02, "weight_decay": 0.0},
        ]

    mine, theirs = groups(), groups()
    whole, torchs = AdamW(mine), torch.optim.AdamW(theirs, fused=True)
    for number, step in enumerate(gradients):
        for all_groups in (mine, theirs):
            weights = [weight for group in all_groups for weight in group["params"]]
            for weight, gradient in zip(weights, step, strict=True):
                weight.grad = gradient.clone()
            if number == 2:
                weights[1].grad = None  # as of an image encoder in a step without an image
        if number == 3:
            saved = whole.state()
            whole = AdamW(mine)
            whole.load_state(saved)
        whole.step(1 / (1 + number))
        for group, rate in zip(torchs.param_groups, (0.1, 0.02), strict=True):
            group["lr"] = rate * (1 / (1 + number))
        torchs.step()
    for one, other in zip(mine, theirs, strict=True):
        assert all(map(torch.equal, one["params"], other["params"]))


def test_a_training_starts_without_torchs_compiler() -> None:
    code = """
import sys, torch
from mnerflow.compute.device import make_deterministic
from mnerflow.config import ImageConfig
from mnerflow.models.image_encoders import new_image_encoder
from mnerflow.training import run
from mnerflow.training.adamw import AdamW
make_deterministic(1, 1)
new_image_encoder(ImageConfig("cnn", size=32))
weight = torch.nn.Parameter(torch.ones(2, 2))
weight.sum().backward()
AdamW([{"params": [weight], "lr": 0.1, "weight_decay": 0.0}]).step(1.0)
assert torch.are_deterministic_algorithms_enabled()
print("torch._dynamo" in sys.modules)
"""
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert said == "False\n"


def test_a_job_that_ends_looks_for_no_garbage() -> None:
    code = """
import atexit, gc
atexit.register(lambda: print(gc.get_freeze_count() > 0))
import mnerflow.compute.start_up
"""
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert said == "True\n"


def test_the_kernels_of_images_are_kept_unless_the_environment_says_how_many(monkeypatch) -> None:
    for given, kept in (("64", "512"), ("100", "100")):
        monkeypatch.setenv(device.KEPT_SHAPES, given)
        device.keep_shapes_of_images()
        assert os.environ[device.KEPT_SHAPES] == kept
