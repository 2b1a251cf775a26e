"""Image models: whether one small member of each timm family, with random weights, works."""

import tempfile
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy
import timm
import torch
from page import Verdict, table, verdict
from safetensors.torch import save_file
from torch import Tensor

from mnerflow.config import ImageConfig, PartConfig, RunConfig
from mnerflow.data.post import Post
from mnerflow.errors import UserError
from mnerflow.files.json_text import write_json
from mnerflow.models.image_encoders import new_image_encoder
from mnerflow.models.image_encoders.timm import Config, Timm
from mnerflow.models.tagger import load_tagger, new_tagger
from mnerflow.training.inputs import Inputs

# The smallest of each family, and of each way in which a family's models give patches.
MODELS = Path(__file__).with_suffix(".txt").read_text(encoding="utf-8").split()
ARGUMENTS = {
    name: {"depth": 2} for name in MODELS if name.startswith(("deepseek_vit", "gemma4_vit", "qwen3_vit"))
}
MEAN, STD = (0.1, 0.2, 0.3), (0.4, 0.5, 0.6)


def family(model: str) -> str:
    """The module of timm that defines a model."""
    return timm.models.model_entrypoint(model).__module__.rpartition(".")[2]


def image_config(model: str, **more: Any) -> ImageConfig:
    """A model at the smallest image size that it accepts, at most the size that it was made for."""
    trained = timm.get_pretrained_cfg(model).input_size[1]
    for size in (64, 112, 224, trained):
        image = ImageConfig(
            "timm", {"model": model, "arguments": ARGUMENTS.get(model, {})}, size=size, **more
        )
        try:
            new_image_encoder(image)
        except UserError:
            if size == trained:
                raise
        else:
            break
    return image


def check_training(model: str, folder: Path) -> None:
    """Train a model for a step, save and load it; patches must stay the same, also for an image alone."""
    image = image_config(model)
    run = RunConfig(("PER",), 1, PartConfig("image_only"), image_encoder=image)
    pixels = random_pixels(image.size)
    posts = [Post(str(row), ["Rome"], ["B-PER"], ["a"]) for row in range(len(pixels))]
    torch.manual_seed(0)
    tagger = new_tagger(run, posts, 0)
    tagger.train()
    inputs = Inputs(posts, tagger, images=pixels, rows=[[row] for row in range(len(pixels))])
    tagger.loss(inputs.batch(range(len(pixels)))).backward()
    gradients = [weight.grad for weight in tagger.encoder.image.parameters() if weight.grad is not None]
    assert gradients and all(map(is_finite, gradients)), "gradients are no numbers"
    with torch.no_grad():
        for weight in tagger.parameters():
            if weight.grad is not None:
                weight -= 1e-3 * weight.grad
    tagger.save(folder / "trained.safetensors")
    again = load_tagger(run, folder / "trained.safetensors", 0)
    patches, read = (patches_of(made.encoder.image, pixels) for made in (tagger, again))
    assert torch.equal(patches, read), "other patches after saving and loading"
    alone = torch.cat([patches_of(tagger.encoder.image, pixels[[row]]) for row in range(len(pixels))])
    assert near(patches, alone), "an image's patches depend on the images beside it"


def check_weights(model: str, folder: Path) -> None:
    """Read weights with a classifier, as hubs keep them; patches must be those of the model itself."""
    image = image_config(model, frozen=True)
    pixels = random_pixels(image.size)
    options = Config(**image.options)
    torch.manual_seed(0)
    made = Timm.create(options, image.size, None)
    state = made.model.state_dict()
    classified = timm.create_model(model, **options.arguments, num_classes=5).state_dict()
    state |= {name: tensor for name, tensor in classified.items() if name not in state}
    save_file(
        {name: tensor.clone().contiguous() for name, tensor in state.items()}, folder / "model.safetensors"
    )
    described = {"architecture": model, "num_classes": 5, "pretrained_cfg": {"mean": MEAN, "std": STD}}
    write_json(folder / "config.json", described)
    loaded = new_image_encoder(ImageConfig("timm", image.options, str(folder), size=image.size, frozen=True))
    assert near(loaded.mean.flatten(), torch.tensor(MEAN)), "another mean than the weights say"
    assert near(loaded.std.flatten(), torch.tensor(STD)), "another standard deviation than the weights say"
    loaded.mean, loaded.std = made.mean, made.std
    patches = patches_of(loaded, pixels)
    assert patches.shape[1] > 1 and patches.shape[2] == loaded.d_model, f"patches of shape {[*patches.shape]}"
    assert torch.equal(patches, patches_of(made, pixels)), "other patches than those of the model"


def random_pixels(size: int) -> numpy.ndarray:
    """Three random images, ``size`` pixels on each side."""
    return numpy.random.default_rng(0).integers(0, 256, (3, size, size, 3), dtype=numpy.uint8)


@torch.no_grad()
def patches_of(encoder: torch.nn.Module, pixels: numpy.ndarray) -> Tensor:
    """The patches that an encoder computes outside of training."""
    return encoder.eval()(torch.from_numpy(pixels))


def is_finite(tensor: Tensor) -> bool:
    """Whether all values are finite."""
    return bool(tensor.isfinite().all())


def near(one: Tensor, other: Tensor) -> bool:
    """Whether two tensors differ by no more than fp32 rounding."""
    return bool((one - other).abs().max() <= 1e-3 * max(1.0, float(other.abs().max())))


def check(model: str) -> None:
    """Raise ``UserError`` if a model is refused, and another error if it does not do what it should."""
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        check_weights(model, Path(folder))
        check_training(model, Path(folder))


def apart(model: str) -> Verdict:
    """Check a model in a separate process, because it may crash."""
    context = get_context("fork")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_send, args=(model, sender))
    process.start()
    sender.close()
    try:
        return receiver.recv()
    except EOFError:
        process.join()
        return Verdict(name_of(model), failed=f"its process ended with status {process.exitcode}")
    finally:
        process.join()


def name_of(model: str) -> str:
    """A family, with the member that was checked."""
    return f"{family(model)} (`{model}`)"


def _send(model: str, sender: Connection) -> None:
    sender.send(verdict(name_of(model), lambda: check(model)))


def sections() -> list[str]:
    """Sections of the page in Markdown."""
    return [table("Image models of timm", map(apart, MODELS))]
