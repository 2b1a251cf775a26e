"""Pretrained weights and those of runs are read whole, or refused with what is wrong with them."""

import json
import shutil
import struct
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
import transformers
from safetensors.torch import load_file, save_file
from torch import Tensor
from transformers import AutoTokenizer, BertConfig

from mnerflow.config import ImageConfig, PartConfig, RunConfig
from mnerflow.data.post import Post
from mnerflow.errors import UserError
from mnerflow.models.gguf import unpack_gguf
from mnerflow.models.image_encoders import new_image_encoder
from mnerflow.models.tagger import load_tagger, new_tagger
from mnerflow.models.weight_checks import check_finite
from mnerflow.training.inputs import Inputs

State = dict[str, Tensor]
POSTS = [Post("1", ["Ann", "sings"], ["B-PER", "O"]), Post("2", ["Rome"], ["O"])]
KINDS = {
    "transformer": ("transformer", {}),
    "language model": ("language_model", {}),
    "language model in 4 bits": ("language_model", {"four_bit": True}),
}


@pytest.fixture(params=KINDS)
def encoder(request: pytest.FixtureRequest, tiny_bert: Path, wide_llama: Path, tmp_path: Path) -> PartConfig:
    """A text encoder of each way of loading, whose weights a test may change."""
    kind, options = KINDS[request.param]
    shutil.copytree(tiny_bert if kind == "transformer" else wide_llama, tmp_path / "weights")
    return PartConfig(kind, options, str(tmp_path / "weights"))


def made(encoder: PartConfig):
    return new_tagger(RunConfig(("PER",), 1, PartConfig("text_only"), encoder), POSTS, 0)


def change(folder: str | Path, by: Callable[[State], State]) -> None:
    """Change the tensors in a folder of weights."""
    file = Path(folder) / "model.safetensors"
    save_file(by(load_file(file)), file, metadata={"format": "pt"})


def configure(folder: str | Path, **values) -> None:
    file = Path(folder) / "config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | values))


def above(state: State) -> State:
    return state | {name.replace(".1.", ".2."): one.clone() for name, one in state.items() if ".1." in name}


def with_value(value: float) -> Callable[[State], State]:
    def changed(state: State) -> State:
        name = next(name for name, tensor in state.items() if ".1." in name and tensor.dim() == 2)
        state[name].view(-1)[-1] = value
        return state

    return changed


@pytest.mark.parametrize(
    ("by", "said"),
    [
        (
            lambda state: {f"module.{name}": one for name, one in state.items()},
            "no place in it, such as 'mod",
        ),
        (lambda state: dict(list(state.items())[::2]), "tensors are missing, such as"),
        (
            lambda state: {name: one for name, one in state.items() if ".1." not in name},
            "are missing, such as",
        ),
        (above, r"have no place in it, such as '.*\.2\."),
        (lambda state: {name: one.flatten() for name, one in state.items()}, "ha(s|ve) another shape"),
        (
            lambda state: {"other.weight": torch.zeros(10_000)},
            "are missing, such as .* 1 tensor has no place",
        ),
        (with_value(float("nan")), r"the tensor '.*\.1\..*' holds values that are no numbers"),
        (with_value(float("-inf")), r"the tensor '.*\.1\..*' holds values that are no numbers"),
    ],
    ids=["prefix", "half", "layers missing", "layers too many", "shapes", "other", "NaN", "infinity"],
)
def test_weights_that_do_not_fit_are_refused(by: Callable, said: str, encoder: PartConfig) -> None:
    made(encoder)
    change(encoder.weights, by)
    with pytest.raises(UserError, match=said) as error:
        made(encoder)
    assert str(encoder.weights) in str(error.value)


def test_a_bias_that_the_model_leaves_out_is_refused(encoder: PartConfig) -> None:
    """As of Qwen's weights under the configuration of a LLaMA: nothing is missing."""
    change(encoder.weights, lambda state: state | {"layers.0.self_attn.q_proj.bias": torch.zeros(64)})
    change(encoder.weights, lambda state: state | {"encoder.layer.0.adapter.bias": torch.zeros(8)})
    with pytest.raises(UserError, match=r"1 tensor has no place in it, such as '.*\.bias'"):
        made(encoder)


def test_a_configuration_of_more_than_the_files_hold_takes_no_memory(encoder: PartConfig) -> None:
    for values in ({"vocab_size": 10**12}, {"num_hidden_layers": 10**9}):
        configure(encoder.weights, **values)
        with pytest.raises(UserError, match="its configuration describes"):
            made(encoder)


@pytest.mark.parametrize("head", ["MaskedLM", "PreTraining", "TokenClassification", "QuestionAnswering"])
def test_heads_of_other_tasks_are_left_out(head: str, tiny_bert: Path, tmp_path: Path) -> None:
    AutoTokenizer.from_pretrained(tiny_bert).save_pretrained(tmp_path)
    torch.manual_seed(0)
    config = BertConfig.from_pretrained(tiny_bert)
    getattr(transformers, f"BertFor{head}")(config).save_pretrained(tmp_path)
    saved = load_file(tmp_path / "model.safetensors")
    unread = {"bert.embeddings.position_ids": torch.arange(16), "cls.mask": torch.full((2,), float("-inf"))}
    change(tmp_path, lambda state: state | unread)
    model = made(PartConfig("transformer", weights=str(tmp_path))).encoder.text.model
    read = {f"bert.{name}": weight for name, weight in model.named_parameters() if "pooler" not in name}
    assert read and all(torch.equal(saved[name], weight) for name, weight in read.items())


def test_a_scalar_may_be_a_bound_that_is_infinite(tmp_path: Path) -> None:
    bounds = {"least": torch.tensor(-torch.inf), "most": torch.tensor(torch.inf)}
    save_file(bounds, tmp_path / "bounds.safetensors")
    check_finite([tmp_path / "bounds.safetensors"])
    save_file(bounds | {"most": torch.tensor(torch.nan)}, tmp_path / "damaged.safetensors")
    with pytest.raises(UserError, match="the tensor 'most' holds values that are no numbers"):
        check_finite([tmp_path / "damaged.safetensors"])


def test_a_language_models_tied_head_is_left_out(tiny_llama: Path, tmp_path: Path) -> None:
    AutoTokenizer.from_pretrained(tiny_llama).save_pretrained(tmp_path)
    config = transformers.GPT2Config(n_embd=8, n_layer=2, n_head=2, vocab_size=280, n_positions=64)
    transformers.GPT2LMHeadModel(config).save_pretrained(tmp_path)
    masks = {f"transformer.h.{layer}.attn.bias": torch.ones(1, 1, 64, 64) for layer in range(2)}
    change(tmp_path, lambda state: state | masks)  # as files of the first GPT-2 have them
    assert made(PartConfig("language_model", weights=str(tmp_path)))


def test_a_folder_without_its_tokenizer_is_refused(encoder: PartConfig) -> None:
    for name in ("vocab.txt", "tokenizer.json", "tokenizer_config.json"):
        (Path(encoder.weights) / name).unlink(missing_ok=True)
    with pytest.raises(UserError, match=r"tokenizer"):
        made(encoder)


def test_a_tokenizer_that_knows_more_than_the_model_is_refused(encoder: PartConfig) -> None:
    rows = {"transformer": 12, "language_model": 260}[encoder.kind]
    configure(encoder.weights, vocab_size=rows)
    change(
        encoder.weights,
        lambda state: {
            name: one[:rows] if name.endswith(("word_embeddings.weight", "embed_tokens.weight")) else one
            for name, one in state.items()
        },
    )
    with pytest.raises(
        UserError, match=f"subwords?, such as .*, for which the model, of {rows}, has no vector"
    ):
        made(encoder)


def test_special_subwords_that_no_text_is_read_as_may_lie_beyond_the_model(
    tiny_bert: Path, tmp_path: Path
) -> None:
    """As Gemma's of an image."""
    shutil.copytree(tiny_bert, tmp_path / "weights")
    tokenizer = AutoTokenizer.from_pretrained(tiny_bert)
    tokenizer.add_special_tokens({"extra_special_tokens": ["<image>"]})
    tokenizer.save_pretrained(tmp_path / "weights")
    encoder = made(PartConfig("transformer", weights=str(tmp_path / "weights"))).encoder.text
    assert 13 not in encoder.encode([Post("1", ["<image>", "Ann"], ["O", "O"])], contexts=())[0].windows[0]


def test_an_index_names_files_of_its_folder_alone(tiny_bert: Path, tmp_path: Path) -> None:
    shutil.copytree(tiny_bert, tmp_path / "weights")
    (tmp_path / "weights/model.safetensors").rename(tmp_path / "elsewhere.safetensors")
    names = load_file(tmp_path / "elsewhere.safetensors")
    index = {"weight_map": dict.fromkeys(names, "../elsewhere.safetensors")}
    (tmp_path / "weights/model.safetensors.index.json").write_text(json.dumps(index))
    with pytest.raises(UserError, match=r"names '\.\./elsewhere\.safetensors', which is no file beside it"):
        made(PartConfig("transformer", weights=str(tmp_path / "weights")))


def test_adapters_of_a_model_that_is_not_there_are_refused(encoder: PartConfig) -> None:
    (Path(encoder.weights) / "adapter_config.json").write_text('{"base_model_name_or_path": "/elsewhere"}')
    with pytest.raises(UserError, match="adapters of another model"):
        made(encoder)


def test_weights_name_no_kernels(encoder: PartConfig) -> None:
    def implementations() -> tuple[str | None, str | None]:
        settings = made(encoder).encoder.text.model.config
        return settings._attn_implementation, settings._experts_implementation

    expected = implementations()
    named = ("attn_implementation", "_attn_implementation", "experts_implementation")
    configure(encoder.weights, **dict.fromkeys(named, "org/kernel"))
    assert implementations() == expected


WRONG = ["text", None, [[1]], {"a": {"b": 1}}, 1.5, -1]


@pytest.mark.parametrize("file", ["config.json", "tokenizer_config.json"])
@pytest.mark.parametrize("kind", ["transformer", "language_model"])
def test_settings_of_another_kind_are_no_traceback(
    kind: str, file: str, tiny_bert: Path, tiny_llama: Path, tmp_path: Path
) -> None:
    """What is read all the same computes a loss; a negative number of heads no creation can notice."""
    folder = tmp_path / "weights"
    shutil.copytree(tiny_bert if kind == "transformer" else tiny_llama, folder)
    values = json.loads((folder / file).read_text())
    refused = 0
    for name in [*values, "type_vocab_size", "layer_types"]:
        for wrong in WRONG if name != "num_attention_heads" else WRONG[:-1]:
            (folder / file).write_text(json.dumps(values | {name: wrong}))
            try:
                tagger = made(PartConfig(kind, weights=str(folder)))
                assert tagger.loss(Inputs(POSTS, tagger).batch([0, 1])).isfinite()
            except UserError as error:
                refused += 1
                assert "\n" not in str(error) and len(str(error)) < 1000
    assert refused > len(values)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '"bert"', "\x00", "[" * 100_000])
@pytest.mark.parametrize("file", ["config.json", "tokenizer.json", "tokenizer_config.json"])
def test_damaged_descriptions_are_no_traceback(file: str, text: str, tiny_bert: Path, tmp_path: Path) -> None:
    shutil.copytree(tiny_bert, tmp_path / "weights")
    (tmp_path / "weights/vocab.txt").unlink()
    (tmp_path / "weights" / file).write_text(text)
    with pytest.raises(UserError, match="weights"):
        made(PartConfig("transformer", weights=str(tmp_path / "weights")))


# Image encoders.

IMAGES = {
    "vit_tiny_patch16_224": {"embed_dim": 12, "depth": 2, "num_heads": 2},
    "swin_tiny_patch4_window7_224": {"depths": (1, 1, 1, 1), "embed_dim": 24},
    "resnet10t": {},
}


@pytest.mark.parametrize("model", IMAGES)
def test_image_weights_that_do_not_fit_are_refused(model: str, tmp_path: Path) -> None:
    import timm

    torch.manual_seed(0)
    state = timm.create_model(model, **IMAGES[model], num_classes=0).state_dict()
    config = ImageConfig("timm", {"model": model, "arguments": IMAGES[model]}, str(tmp_path), size=64)
    save_file(state, tmp_path / "model.safetensors")
    new_image_encoder(config)
    first = next(name for name, one in state.items() if one.dim() == 4)
    for wrong in (
        {f"module.{name}": one for name, one in state.items()},
        dict(list(state.items())[: len(state) // 2]),
        state | {first: torch.full_like(state[first], float("nan"))},
    ):
        save_file(wrong, tmp_path / "model.safetensors")
        with pytest.raises(UserError, match=f"{model}|{first}"):
            new_image_encoder(config)


# Weights of runs.

RUN = RunConfig(("PER",), 1, PartConfig("text_only"), PartConfig("bilstm", {"hidden": 4, "min_count": 1}))


def test_a_flipped_bit_in_a_runs_weights_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    tagger = new_tagger(RUN, POSTS, 0)
    tagger.save(path)
    whole = path.read_bytes()
    for place in range(0, len(whole), len(whole) // 150):
        damaged = bytearray(whole)
        damaged[place] ^= 1 << place % 8
        path.write_bytes(damaged)
        try:
            read = load_tagger(RUN, path, 0).state_dict()
        except UserError as error:
            assert "Delete it and run again" in str(error)
        else:  # of the mark that there is a checksum
            assert b'"sha25' in whole[place - 6 : place + 8]
            assert all(map(torch.equal, read.values(), tagger.state_dict().values()))


def resaved(path: Path, change: Callable[[State], State]) -> None:
    """Save a run's weights as they were saved before there were checksums."""
    from safetensors import safe_open

    with safe_open(path, framework="pt") as file:
        about = json.loads(file.metadata()["mnerflow"])
    about.pop("sha256", None)
    save_file(change(load_file(path)), path, metadata={"mnerflow": json.dumps(about)})


def test_weights_without_a_checksum_are_read_unless_they_are_no_numbers(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    tagger = new_tagger(RUN, POSTS, 0)
    tagger.save(path)
    resaved(path, lambda state: state)
    again = load_tagger(RUN, path, 0)
    assert all(map(torch.equal, again.state_dict().values(), tagger.state_dict().values()))
    resaved(path, lambda state: state | {"fusion.head.bias": torch.full((3,), float("nan"))})
    with pytest.raises(UserError, match=r"the tensor 'fusion\.head\.bias' holds values that are no numbers"):
        load_tagger(RUN, path, 0)


def test_a_run_to_start_from_has_all_of_an_encoder(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    new_tagger(RUN, POSTS, 0).save(path)
    started = RunConfig(**{**vars(RUN), "init_from": str(path)})
    assert new_tagger(started, POSTS, 0)
    resaved(path, lambda state: {name: one for name, one in state.items() if "lstm" not in name})
    with pytest.raises(
        UserError, match=r"init_from: only one of the two runs has trained encoder\.text\.lstm"
    ):
        new_tagger(started, POSTS, 0)


# GGUF.


def gguf(folder: Path, *, blocks: int, keys: bool = True) -> Path:
    """A LLaMA of one block and five subwords, which says of itself that it has so many ``blocks``."""
    import numpy
    from gguf import GGUFWriter

    writer = GGUFWriter(folder / "model.gguf", "llama")
    if keys:
        for add, value in (
            (writer.add_context_length, 16),
            (writer.add_embedding_length, 8),
            (writer.add_block_count, blocks),
            (writer.add_feed_forward_length, 16),
            (writer.add_head_count, 2),
            (writer.add_head_count_kv, 2),
            (writer.add_layer_norm_rms_eps, 1e-5),
        ):
            add(value)
    writer.add_tokenizer_model("gpt2")
    writer.add_token_list(["a", "b", "ab", "c", "</s>"])
    writer.add_token_merges(["a b"])
    writer.add_eos_token_id(4)
    shapes = {"token_embd": (5, 8), "output_norm": (8,)}
    shapes |= {f"blk.0.{name}": (8,) for name in ("attn_norm", "ffn_norm")}
    shapes |= {f"blk.0.attn_{name}": (8, 8) for name in ("q", "k", "v", "output")}
    shapes |= {"blk.0.ffn_gate": (16, 8), "blk.0.ffn_up": (16, 8), "blk.0.ffn_down": (8, 16)}
    for name, shape in shapes.items():
        writer.add_tensor(f"{name}.weight", numpy.ones(shape, numpy.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return folder / "model.gguf"


@pytest.mark.parametrize(
    ("blocks", "keys", "said"),
    [
        (2, True, r"9 tensors are missing, such as 'model\.layers\.1\."),
        (0, True, "tensors have no place in it, such as 'blk.0."),
        (10**6, True, "its configuration describes 1,000,000 layers"),
        (1, False, r"its configuration describes 6,\d+,\d+,\d+ weights, for which files of"),
    ],
)
def test_a_gguf_file_without_its_tensors_is_refused(
    blocks: int, keys: bool, said: str, tmp_path: Path
) -> None:
    gguf(tmp_path, blocks=blocks, keys=keys)
    with pytest.raises(UserError, match=said):
        unpack_gguf(tmp_path)


def test_a_damaged_gguf_file_is_refused_whatever_sizes_it_declares(tmp_path: Path) -> None:
    whole = gguf(tmp_path, blocks=1).read_bytes()
    counts = range(8, 24, 8)  # of tensors, of settings
    strings = [whole.index(name) - 8 for name in (b"general.arch", b"tokenizer.ggml.tokens", b"blk.0.attn_q")]
    array = whole.index(b"tokenizer.ggml.tokens") + len(b"tokenizer.ggml.tokens") + 8
    for place in (*counts, *strings, array):
        for declared in (2**31, 2**40, 2**64 - 1):
            damaged = whole[:place] + struct.pack("<Q", declared) + whole[place + 8 :]
            (tmp_path / "model.gguf").write_bytes(damaged)
            with pytest.raises(UserError, match=r"model\.gguf: no language model can be read from this file"):
                unpack_gguf(tmp_path)
    for length in range(0, len(whole), 211):
        (tmp_path / "model.gguf").write_bytes(whole[:length])
        with pytest.raises(UserError, match=r"model\.gguf: no language model can be read from this file"):
            unpack_gguf(tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["model.gguf"]
