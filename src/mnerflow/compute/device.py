"""The device and the precision that a job computes with, and its random seeds."""

import os
import random
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import numpy
import torch
from torch import nn

from mnerflow.errors import UserError, quantity

# oneDNN caches its kernels for the last 1,024 shapes, about 1 MiB each. Batches of text rarely have the same
# shape, and a step needs about forty. The variable is read when the first product is computed.
KEPT_SHAPES = "ONEDNN_PRIMITIVE_CACHE_CAPACITY"
os.environ.setdefault(KEPT_SHAPES, "64")
# Without it, cuBLAS may sum in a different order each time, and a GPU's predictions differ from run to run.
os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")


def device() -> torch.device:
    """The GPU that the job was given, otherwise the processor."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def autocast_dtype(device: torch.device) -> torch.dtype:
    """bf16 if the hardware multiplies it and PyTorch may use that, otherwise fp32."""
    if device.type == "cuda":
        fast = torch.cuda.is_bf16_supported(including_emulation=False)
    else:
        fast = processor_trains_bf16()
    return torch.bfloat16 if fast else torch.float32


@cache
def processor_trains_bf16() -> bool:
    """Whether the processor multiplies bf16 and can train an LSTM, the most demanding layer, in it.

    This is tried, since oneDNN may be barred from instructions that the processor has
    (``ONEDNN_MAX_CPU_ISA``, an emulator, a kernel without AMX). The random generator is left as it was.
    """
    has = torch.cpu.get_capabilities()
    if not (has.get("avx512_bf16") or has.get("amx_bf16")):
        return False
    with torch.inference_mode(False), torch.enable_grad(), torch.autocast("cpu", torch.bfloat16):
        with torch.random.fork_rng(devices=[]):
            layer = nn.LSTM(4, 4)
        try:
            layer(torch.ones(2, 1, 4))[0].float().sum().backward()
        except RuntimeError:
            return False
    return True


def autocast(device: torch.device, mixed: bool = True) -> torch.autocast:
    """Mixed precision in ``autocast_dtype``; does nothing if that is fp32 or if ``mixed`` is false."""
    dtype = autocast_dtype(device)
    return torch.autocast(device.type, dtype=dtype, enabled=mixed and dtype is not torch.float32)


def reads_without_sync(device: torch.device) -> bool:
    """Whether reading a number from a device does not wait for the work that was queued there before."""
    return device.type == "cpu"


def layer_dtype(device: torch.device) -> torch.dtype | None:
    """The dtype for ``Tagger.cast_layers`` on a device; ``None`` if layers keep their own.

    Half of autocast's operations are casts. A GPU finishes those of a small model before the next one is
    launched, and a processor moves more bytes than without them.
    """
    dtype = autocast_dtype(device)
    return None if dtype is torch.float32 else dtype


@contextmanager
def gpu_memory(batch_tokens: int) -> Iterator[None]:
    """Turn a lack of GPU memory into a ``UserError`` that proposes a batch size."""
    try:
        yield
    except torch.OutOfMemoryError as error:
        raise UserError(
            f"the GPU's memory does not suffice for batches of {quantity(batch_tokens, 'subword')}. Try "
            f"half as many, `training: {{batch_tokens: {batch_tokens // 2}}}` of the encoder, or a GPU with "
            f"more memory. PyTorch says: {error}"
        ) from error


def keep_shapes_of_images() -> None:
    """Let oneDNN cache more shapes, unless it has computed already or the environment sets a number.

    Batches of images differ only in their number of images, so their shapes recur. Rebuilding the kernels of
    a small convolutional network took a ninth of each step.
    """
    if os.environ[KEPT_SHAPES] == "64":
        os.environ[KEPT_SHAPES] = "512"


def seed_step(seed: int, epoch: int, step: int) -> None:
    """Seed Python's and numpy's generators, which checkpoints do not contain, for a step.

    A resumed run then draws the same numbers.
    """
    drawn = random.Random(f"{seed}/{epoch}/{step}/0").getrandbits(63)
    random.seed(drawn)
    numpy.random.seed(drawn % 2**32)


def make_deterministic(seed: int, threads: int) -> None:
    """Make what follows depend on the seed alone: random generators, kernels and number of threads."""
    random.seed(seed)
    numpy.random.seed(seed)
    torch.manual_seed(seed)
    # `use_deterministic_algorithms` does the same, but takes two seconds to tell a compiler about it.
    torch.set_deterministic_debug_mode("warn")
    # Filling fresh memory helps to find bugs in kernels, but costs a tenth of an epoch.
    memory = torch.utils.deterministic
    memory.fill_uninitialized_memory = False  # type: ignore[attr-defined]  # torch adds it on import
    if torch.cuda.is_available():
        # The backward pass of fused attention sums in any order unless every operation must be deterministic.
        # Some image encoders cannot be.
        torch.backends.cuda.enable_cudnn_sdp(False)
        torch.backends.cuda.enable_flash_sdp(False)
        torch.backends.cuda.enable_mem_efficient_sdp(False)
    torch.set_num_threads(threads)
