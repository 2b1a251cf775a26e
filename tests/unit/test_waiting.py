"""A step of training asks nothing of the device that it would have to wait for, and its batches are ready."""

import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import numpy
import pytest
import torch
from tiny_run import CNN, RUN, pretrained

from mnerflow.compute import device as compute
from mnerflow.config import ImageConfig, PartConfig, RunConfig
from mnerflow.data.post import Post
from mnerflow.models.tagger import new_tagger
from mnerflow.models.text_encoders.transformer import CASTABLE
from mnerflow.registry import names_in
from mnerflow.training.ahead import ahead
from mnerflow.training.inputs import Inputs
from mnerflow.training.optimizer import Optimizer

sys.path.append(str(Path(__file__).parents[2] / "benchmarks"))
sys.path.append(str(Path(__file__).parents[2] / "benchmarks/compatibility"))
from operations import Operations
from text_families import save_tiny

VIT = ImageConfig(
    "timm",
    {
        "model": "vit_base_patch16_224",
        "arguments": {"embed_dim": 12, "depth": 1, "num_heads": 2, "patch_size": 4},
    },
    size=16,
    augment=True,
)

FUSIONS = [name for name in names_in("models.fusions") if name != "joint"]  # of a vision-language encoder


def waits(run: RunConfig, posts: list[Post], monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """What is waited for in a step, from the batch to the moved weights, in training as on a GPU."""
    monkeypatch.setattr(compute, "reads_without_sync", lambda device: False)
    run = replace(run, entity_types=("PER", "LOC"))
    tagger = new_tagger(run, posts, 0)
    optimizer = Optimizer(tagger, run.training, 4, torch.bfloat16)
    shown = {}
    if run.image_encoder:
        pixels = numpy.random.default_rng(0).integers(0, 256, (4, 16, 16, 3), numpy.uint8)
        shown = {"images": pixels, "rows": [[1, 2], [3], []]}
    batch = Inputs(posts, tagger, **shown).batch([0, 1, 2])
    tagger.train()
    with Operations() as operations:
        with torch.autocast("cpu", torch.bfloat16):
            loss = tagger.loss(batch)
        loss.backward()
        optimizer.step()
    assert sum(operations.found.values()) > 100
    return operations.waits


@pytest.mark.parametrize("fusion", FUSIONS)
def test_no_fusion_waits(fusion: str, posts: list[Post], tiny_bert: Path, monkeypatch) -> None:
    text = None if fusion == "image_only" else PartConfig("transformer", weights=str(tiny_bert))
    image = None if fusion == "text_only" else CNN
    run = replace(RUN, fusion=PartConfig(fusion), text_encoder=text, image_encoder=image)
    assert not waits(run, posts, monkeypatch)


@pytest.mark.parametrize("kind", names_in("models.decoders"))
@pytest.mark.parametrize("options", [{}, {"class_weights": 0.5, "focal": 2.0}])
def test_no_decoder_waits(kind: str, options: dict, posts: list[Post], tiny_bert: Path, monkeypatch) -> None:
    if options and kind != "softmax":
        pytest.skip("not its options")
    text = PartConfig("transformer", weights=str(tiny_bert))
    run = replace(RUN, fusion=PartConfig("text_only"), text_encoder=text, image_encoder=None)
    assert not waits(replace(run, decoder=PartConfig(kind, options)), posts, monkeypatch)


@pytest.mark.parametrize("kind", names_in("models.text_encoders"))
def test_no_text_encoder_waits(
    kind: str, posts: list[Post], tiny_bert: Path, tiny_llama: Path, monkeypatch
) -> None:
    folder = tiny_llama if kind == "language_model" else tiny_bert
    run = replace(RUN, text_encoder=PartConfig(kind, weights=pretrained(kind, folder)))
    found = waits(run, posts, monkeypatch)
    # The LSTM reads its lengths, which stay on the processor.
    assert not found if kind != "bilstm" else {*found} == {"_local_scalar_dense"}


@pytest.mark.parametrize("family", CASTABLE)
def test_no_family_waits_that_computes_in_bf16(
    family: str, posts: list[Post], tmp_path: Path, monkeypatch
) -> None:
    save_tiny(family, tmp_path)
    run = replace(RUN, text_encoder=PartConfig("transformer", weights=str(tmp_path)))
    run = replace(run, image_encoder=None, fusion=PartConfig("text_only"))
    assert not waits(run, posts, monkeypatch)


@pytest.mark.parametrize("image", [CNN, VIT], ids=lambda image: image.kind)
def test_no_image_encoder_waits(image: ImageConfig, posts: list[Post], monkeypatch) -> None:
    run = replace(RUN, fusion=PartConfig("image_only"), text_encoder=None, image_encoder=image)
    assert not waits(run, posts, monkeypatch)


def test_what_is_made_ahead_comes_in_order_and_no_thread_stays() -> None:
    made: list[int] = []
    before = threading.active_count()
    with ahead(lambda number: made.append(number) or 10 * number, range(5)) as ready:
        assert next(ready) == 0
        while len(made) < 3:
            time.sleep(0.01)
        time.sleep(0.2)
        assert made == [0, 1, 2], "two are ready, no more"
        assert [*ready] == [10, 20, 30, 40]
    assert threading.active_count() == before


def test_an_error_ahead_is_raised_in_its_turn_and_one_in_the_block_ends_the_thread() -> None:
    before = threading.active_count()
    seen = []
    with pytest.raises(ZeroDivisionError), ahead(lambda number: 6 // (3 - number), range(9)) as ready:
        seen.extend(ready)
    assert seen == [2, 3, 6]
    with pytest.raises(KeyError), ahead(str, range(9)) as ready:
        next(ready)
        raise KeyError
    assert threading.active_count() == before
