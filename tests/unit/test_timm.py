"""Timm models as image encoders: what their weights were trained with, and what is refused."""

import json
import sys
from pathlib import Path

import pytest
import timm
import torch
from safetensors.torch import save_file
from torch import nn

from mnerflow.config import ImageConfig
from mnerflow.errors import UserError
from mnerflow.models.image_encoders import ImageEncoder, new_image_encoder, without_strides
from mnerflow.models.image_encoders._timm_weights import pretrained_settings
from mnerflow.models.image_encoders.timm import Config, Timm, _without_classifier

sys.path.append(str(Path(__file__).parents[2] / "benchmarks/compatibility"))
from image_models import MODELS, apart, family

VIT = {"model": "vit_base_patch16_224", "arguments": {"embed_dim": 12, "depth": 1, "num_heads": 2}}
IMAGENET, HALVES = (0.485, 0.456, 0.406), (0.5, 0.5, 0.5)


def described(folder: Path, **more) -> Path:
    """A folder with a ``config.json`` as hubs keep it beside timm's weights."""
    (folder / "config.json").write_text(json.dumps({"architecture": VIT["model"]} | more))
    return folder


def vit(folder: Path, name: str = VIT["model"]) -> ImageEncoder:
    return new_image_encoder(ImageConfig("timm", VIT | {"model": name}, str(folder), size=32, frozen=True))


def test_every_tag_of_timm_is_normalised_as_its_folder_and_as_its_name_says(tmp_path: Path) -> None:
    differing = 0
    for name in timm.list_pretrained():
        architecture, _, tag = name.partition(".")
        cfg = timm.get_pretrained_cfg(name)
        told = {"tag": tag, "mean": cfg.mean, "std": cfg.std}
        described(tmp_path, architecture=architecture, pretrained_cfg=told)
        for named in (
            pretrained_settings(name, None),
            pretrained_settings(architecture, tmp_path),
            pretrained_settings(name, tmp_path),
        ):
            assert (named.mean, named.std) == (cfg.mean, cfg.std), name
        default = timm.get_pretrained_cfg(architecture)
        differing += (cfg.mean, cfg.std) != (default.mean, default.std)
    assert differing > 50, "none of what this is about"


@pytest.mark.parametrize("name", ["vit_small_patch14_dinov2", "tf_efficientnet_lite0"])
def test_weights_of_our_studies_that_no_file_describes_keep_their_normalisation(
    name: str, tmp_path: Path
) -> None:
    known = {"vit_small_patch14_dinov2": IMAGENET, "tf_efficientnet_lite0": HALVES}
    assert pretrained_settings(name, tmp_path).mean == known[name]


def test_pixels_are_normalised_as_the_weights_want(tmp_path: Path) -> None:
    model = timm.create_model(**{"model_name": VIT["model"], **VIT["arguments"]}, num_classes=5)
    save_file(model.state_dict(), tmp_path / "model.safetensors")
    with pytest.raises(UserError, match=r"no config.json.*vit_base_patch16_224\.augreg_in21k, .*\.dino"):
        vit(tmp_path)
    assert vit(tmp_path, "vit_base_patch16_224.dino").mean.flatten().tolist() == pytest.approx(IMAGENET)

    described(tmp_path, pretrained_cfg={"tag": "dino", "mean": [0.1, 0.2, 0.3], "std": [0.4, 0.5, 0.6]})
    pixels = torch.randint(0, 256, (2, 32, 32, 3), dtype=torch.uint8)
    encoder = vit(tmp_path).eval()
    inputs = (pixels / 255 - torch.tensor([0.1, 0.2, 0.3])) / torch.tensor([0.4, 0.5, 0.6])
    with torch.no_grad():
        expected = encoder.model.forward_features(inputs.permute(0, 3, 1, 2))[:, 1:]
        torch.testing.assert_close(encoder(pixels), expected)


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({"pretrained_cfg": {"tag": "mae", "mean": HALVES, "std": HALVES}}, "these weights are 'mae', but"),
        ({"mean": HALVES, "std": HALVES}, "these weights are 'normalised differently', but"),
        (
            {"architecture": "vit_tiny_patch16_224", "mean": HALVES, "std": HALVES},
            "'vit_tiny_patch16_224', but",
        ),
        ({"pretrained_cfg": {"mean": HALVES}}, "not as timm writes it"),
        ({"pretrained_cfg": []}, "not as timm writes it"),
        ({"pretrained_cfg": {"mean": [0.5, 0.5], "std": HALVES}}, "three numbers each"),
        ({"pretrained_cfg": {"mean": HALVES, "std": [0, 1, 1]}}, "above 0"),
        ({"pretrained_cfg": {"mean": ["a"], "std": HALVES}}, "not as timm writes it"),
        ({"pretrained_cfg": {"mean": HALVES, "std": HALVES}, "model_args": [1]}, "not as timm writes it"),
    ],
)
def test_what_contradicts_the_name_or_is_not_to_be_read_is_refused(
    told: dict, said: str, tmp_path: Path
) -> None:
    with pytest.raises(UserError, match=said):
        pretrained_settings("vit_base_patch16_224.dino", described(tmp_path, **told))


def test_a_model_is_made_with_the_arguments_that_its_weights_were_trained_with(tmp_path: Path) -> None:
    model = timm.create_model(VIT["model"], **VIT["arguments"], act_layer="relu", num_classes=0)
    save_file(model.state_dict(), tmp_path / "model.safetensors")
    stray = {"checkpoint_path": "/elsewhere", "img_size": 224, "act_layer": "relu"}
    described(tmp_path, pretrained_cfg={"mean": HALVES, "std": HALVES}, model_args=stray)
    assert isinstance(vit(tmp_path).model.blocks[0].mlp.act, nn.ReLU)


def test_an_unknown_tag_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(UserError, match=r"Invalid pretrained tag \(dinno\).*vit_base_patch16_224\.dino"):
        pretrained_settings("vit_base_patch16_224.dinno", None)


# Each for what is its own: batch norm, an attention cache of evaluation mode, weights that layers share.
@pytest.mark.parametrize("model", ["test_byobnet", "levit_128s", "coat_lite_tiny"])
def test_the_rehearsal_of_a_new_encoder_leaves_no_trace(model: str) -> None:
    pixels = torch.randint(0, 256, (2, 96, 96, 3), dtype=torch.uint8)
    made = []
    for make in (
        lambda: Timm.create(Config(model), 96, None),
        lambda: new_image_encoder(ImageConfig("timm", {"model": model}, size=96)),
    ):
        torch.manual_seed(0)
        encoder = make()
        assert encoder.training and all(module.training for module in encoder.modules())
        assert not any(weight.grad is not None for weight in encoder.parameters())
        state = {name: value.clone() for name, value in encoder.state_dict().items()}
        random = torch.get_rng_state()
        with torch.no_grad():
            made.append(state | {"random": random, "patches": encoder.eval()(pixels)})
    assert made[0].keys() == made[1].keys()
    assert [name for name in made[0] if not torch.equal(made[0][name], made[1][name])] == []


def test_weights_that_no_patch_depends_on_are_named(caplog: pytest.LogCaptureFixture) -> None:
    with torch.device("meta"), caplog.at_level("INFO"):
        new_image_encoder(ImageConfig("timm", {"model": "test_convnext"}, size=64))
    assert "these weights: model.head.norm.weight, model.head.norm.bias" in caplog.text


@pytest.mark.parametrize(
    ("model", "size", "frozen", "said"),
    [
        ("rexnet_100", 64, False, r"single image of 64 × 64 .*1 value per channel.*`frozen: true`"),
        ("crossvit_tiny_240", 240, True, "no patch vectors"),
        ("pit_ti_distilled_224", 224, True, "one vector stays"),
        ("efficientformer_l1", 160, False, "single image of 160 × 160"),
    ],
)
def test_what_a_model_cannot_do_is_said_when_it_is_made(
    model: str, size: int, frozen: bool, said: str
) -> None:
    with torch.device("meta"), pytest.raises(UserError, match=said):
        new_image_encoder(ImageConfig("timm", {"model": model}, size=size, frozen=frozen))


def test_a_strided_convolution_of_few_channels_computes_the_same_of_the_pixels_that_it_reads() -> None:
    torch.manual_seed(0)
    convolution = nn.Conv2d(3, 8, 1, 2, bias=False)
    pixels = torch.randn(2, 9, 7, 3).permute(0, 3, 1, 2)
    expected = convolution(pixels).detach()
    read = without_strides(nn.Sequential(convolution))(pixels)
    assert convolution.stride == (1, 1) and torch.equal(read, expected)
    read.sum().backward()
    of_each = pixels[:, :, ::2, ::2].sum((0, 2, 3))
    torch.testing.assert_close(convolution.weight.grad, of_each.expand(8, 3).view(8, 3, 1, 1))


@pytest.mark.parametrize(
    "model",
    [
        *("levit_128s", "repvit_m1", "iformer_t", "shvit_s1", "efficientvit_m0"),
        *("deit_tiny_distilled_patch16_224", "resnet18", "convnext_atto", "mobilenetv3_small_050"),
        "vit_small_patch14_dinov2",
    ],
)
def test_a_classifier_is_what_the_model_has_no_place_for(model: str, tmp_path: Path) -> None:
    with torch.device("meta"):
        whole, bare = (timm.create_model(model, num_classes=classes).state_dict() for classes in (7, 0))
    assert whole.keys() > bare.keys()
    save_file({name: torch.zeros(1) for name in [*whole, "stray"]}, tmp_path / "model.safetensors")
    kept = _without_classifier(model, 224, {"num_classes": 0}, tmp_path / "model.safetensors")
    assert kept.keys() == bare.keys() | {"stray"}


# The page on compatibility has every family.
@pytest.mark.parametrize("model", ["coat_lite_tiny", "test_vit"])
def test_a_family_is_read_trained_and_saved(model: str) -> None:
    found = apart(model)
    assert (found.refused, found.failed) == ("", "")


def test_the_page_on_compatibility_has_every_family_of_timm() -> None:
    assert {family(model) for model in MODELS} == set(timm.list_modules())
