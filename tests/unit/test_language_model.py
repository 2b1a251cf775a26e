"""Language models: unpacked from GGUF, in 4 bits, with gradient checkpointing."""

import json
import logging
from contextlib import suppress
from pathlib import Path

import pytest
import torch
import transformers
from gguf import GGUFWriter
from text_families import save_tiny, text_families, tiny_model, train_and_load
from torch import Tensor
from transformers import AutoTokenizer, LlamaForCausalLM, LlamaModel

from mnerflow.config import PartConfig, RunConfig
from mnerflow.data.post import Post
from mnerflow.errors import UserError
from mnerflow.models.gguf import unpack_gguf
from mnerflow.models.layer_prefix import LayerPrefix
from mnerflow.models.tagger import load_tagger, new_tagger
from mnerflow.models.text_encoders.language_model import Config, LanguageModel, Lora
from mnerflow.models.weights import fetch_weights
from mnerflow.training.inputs import Inputs

NAMES = {
    "input_layernorm": "attn_norm",
    "post_attention_layernorm": "ffn_norm",
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}


def as_gguf(model: LlamaModel, tokenizer_folder: Path, file: Path) -> None:
    """Write a LLaMA in fp32 as llama.cpp's converter does, its rotary dimensions interleaved."""
    config = model.config
    tokenizer = json.loads((tokenizer_folder / "tokenizer.json").read_text(encoding="utf-8"))["model"]
    writer = GGUFWriter(file, "llama")
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_rope_freq_base(10000.0)
    writer.add_vocab_size(config.vocab_size)
    pieces = sorted(tokenizer["vocab"], key=tokenizer["vocab"].get)
    writer.add_tokenizer_model("gpt2")
    writer.add_token_list(pieces + ["<unused>"] * (config.vocab_size - len(pieces)))
    writer.add_token_merges([" ".join(pair) for pair in tokenizer["merges"]])
    writer.add_eos_token_id(tokenizer["vocab"]["</s>"])
    writer.add_tensor("token_embd.weight", model.embed_tokens.weight.detach().numpy())
    writer.add_tensor("output_norm.weight", model.norm.weight.detach().numpy())
    for number, layer in enumerate(model.layers):
        for name, theirs in NAMES.items():
            weight = layer.get_submodule(name).weight.detach()
            heads = {"attn_q": config.num_attention_heads, "attn_k": config.num_key_value_heads}.get(theirs)
            writer.add_tensor(
                f"blk.{number}.{theirs}.weight", (interleaved(weight, heads) if heads else weight).numpy()
            )
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def interleaved(weight: Tensor, heads: int) -> Tensor:
    rows, columns = weight.shape
    return (
        weight.view(heads, 2, rows // heads // 2, columns).transpose(1, 2).reshape(rows, columns).contiguous()
    )


def test_a_gguf_file_becomes_the_model_that_was_written(tiny_llama: Path, tmp_path: Path) -> None:
    written = LlamaModel.from_pretrained(tiny_llama).eval()
    settings = tmp_path.with_suffix(".own")
    settings.write_text("{}")
    (tmp_path / "config.json").symlink_to(settings)  # as of a `path:` source that has one
    as_gguf(written, tiny_llama, tmp_path / "model.gguf")
    unpack_gguf(tmp_path)
    assert not list(tmp_path.glob("*.gguf")) and settings.read_text() == "{}"
    assert "quantization_config" not in json.loads((tmp_path / "config.json").read_text())
    text = " ann sings in rome"
    ids = AutoTokenizer.from_pretrained(tiny_llama)(text, return_tensors="pt").input_ids
    assert AutoTokenizer.from_pretrained(tmp_path)(text).input_ids == ids[0].tolist()
    read = LlamaForCausalLM.from_pretrained(tmp_path).model.eval()
    with torch.inference_mode():
        torch.testing.assert_close(read(ids).last_hidden_state, written(ids).last_hidden_state)


def test_one_gguf_file_of_several_is_read(tiny_llama: Path, tmp_path: Path) -> None:
    repository = tmp_path / "mirror/org/name"
    repository.mkdir(parents=True)
    as_gguf(LlamaModel.from_pretrained(tiny_llama), tiny_llama, repository / "whole.gguf")
    (repository / "half.gguf").write_bytes(b"GGUF")
    with pytest.raises(UserError, match="more than one GGUF file"):
        fetch_weights("org/name", tmp_path / "weights", mirror=tmp_path / "mirror")
    with pytest.raises(UserError, match=r"org/name has no file whle\.gguf"):
        fetch_weights("org/name/whle.gguf", tmp_path / "weights", mirror=tmp_path / "mirror")
    fetch_weights("org/name/whole.gguf", tmp_path / "weights", mirror=tmp_path / "mirror")
    assert {file.suffix for file in (tmp_path / "weights").iterdir()} >= {".safetensors"}
    assert not list((tmp_path / "weights").glob("*.gguf"))


def run(weights: Path, **options) -> RunConfig:
    part = PartConfig("language_model", options, str(weights))
    return RunConfig(("PER", "LOC"), 1, PartConfig("text_only"), part)


def test_frozen_weights_in_4_bits_are_close_and_adapters_alone_are_trained_and_saved(
    wide_llama: Path, posts: list[Post], tmp_path: Path
) -> None:
    whole, packed = (new_tagger(run(wide_llama, four_bit=on), posts, 0) for on in (False, True))
    batch = Inputs(posts, packed).batch([0, 1, 2])
    words, close = (tagger.eval().encoder.text(batch.text).detach() for tagger in (whole, packed))
    assert 0 < (words - close).norm() / words.norm() < 0.3
    packed.loss(batch).backward()
    trained = {name for name, weight in packed.named_parameters() if weight.grad is not None}
    assert {name.split(".")[0] for name in trained} == {"encoder", "decoder"}
    assert all("lora_" in name for name in trained if name.startswith("encoder"))
    assert packed.trained_state().keys() == trained
    with torch.no_grad():
        for weight in packed.parameters():
            if weight.requires_grad:
                weight.add_(0.1)
    packed.save(tmp_path / "model.safetensors")
    again = load_tagger(run(wide_llama, four_bit=True), tmp_path / "model.safetensors", 0).eval()
    torch.testing.assert_close(again(batch), packed(batch))


@pytest.mark.parametrize("name", ["GPT2", "GPTNeoX", "Gemma2"])
def test_other_families_than_llama(name: str, tiny_llama: Path, tmp_path: Path) -> None:
    sizes = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2, "vocab_size": 280}
    sizes |= {"max_position_embeddings": 64}
    further = {"GPTNeoX": {"intermediate_size": 16}}
    further["Gemma2"] = {"intermediate_size": 16, "head_dim": 4, "num_key_value_heads": 1}  # eager attention
    config = getattr(transformers, f"{name}Config")(**sizes, **further.get(name, {}))
    getattr(transformers, f"{name}Model")(config).save_pretrained(tmp_path)
    AutoTokenizer.from_pretrained(tiny_llama).save_pretrained(tmp_path)
    encoder = PartConfig("language_model", weights=str(tmp_path))
    posts = [Post("1", ["Ann", "sings"], ["B-PER", "O"]), Post("2", ["Rome"], ["O"])]
    tagger = new_tagger(RunConfig(("PER",), 1, PartConfig("text_only"), encoder), posts, 0).eval()
    inputs = Inputs(posts, tagger)
    loss = tagger.loss(inputs.batch([0, 1]))
    loss.backward()
    assert torch.isfinite(loss)
    torch.testing.assert_close(tagger(inputs.batch([0, 1]))[1:, :1], tagger(inputs.batch([1])))


@pytest.mark.parametrize(
    ("name", "attention", "said"),
    [
        ("Bloom", "bidirectional", "bloom has layers that are made to look to the left alone"),
        ("OpenAIGPT", "bidirectional", "openai-gpt sees no word to the right; it needs `attention: causal`"),
        ("Bert", "causal", "bert sees words to the right; it needs `attention: bidirectional`"),
    ],
)
def test_a_language_model_that_cannot_look_as_it_should_is_refused(
    name: str, attention: str, said: str, tiny_llama: Path, tmp_path: Path
) -> None:
    sizes = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2, "vocab_size": 280}
    config = getattr(transformers, f"{name}Config")(**sizes, initializer_range=1.0)
    getattr(transformers, f"{name}Model")(config).save_pretrained(tmp_path)
    AutoTokenizer.from_pretrained(tiny_llama).save_pretrained(tmp_path)
    with pytest.raises(UserError, match=said):
        new_tagger(run(tmp_path, attention=attention), [], 0)


@pytest.mark.parametrize(
    ("lora", "said"),
    [
        ({"targets": ["q_proj", "v_prj"]}, r"'v_prj' \(did you mean 'v_proj'\?\)"),
        ({"alpha": 0}, "alpha is 0"),
    ],
)
def test_adapters_that_would_not_be_there_are_a_clear_error(lora: dict, said: str, tiny_llama: Path) -> None:
    with pytest.raises(UserError, match=said):
        new_tagger(run(tiny_llama, lora=lora), [], 0)


def test_experts_that_take_no_dropout_say_what_to_set(tiny_llama: Path, tmp_path: Path) -> None:
    save_tiny("mixtral", tmp_path)
    with pytest.raises(UserError, match=r"set `lora: \{dropout: 0\}`"):
        train_and_load("language_model", tmp_path)
    train_and_load("language_model", tmp_path, lora={"dropout": 0.0})


def test_adapters_are_of_the_rank_and_layers_that_are_asked_for(tiny_llama: Path, posts: list[Post]) -> None:
    tagger = new_tagger(run(tiny_llama, lora={"rank": 3, "alpha": 6, "targets": ["q_proj"]}), posts, 0)
    adapters = {name: weight for name, weight in tagger.named_parameters() if "lora_A" in name}
    assert len(adapters) == 2 and all("q_proj" in name for name in adapters)
    assert {weight.shape[0] for weight in adapters.values()} == {3}
    assert tagger.encoder.text.model.layers[0].self_attn.q_proj.scaling == {"default": 2}


def local(config: transformers.PreTrainedConfig) -> bool:
    """Whether some layers see a window of the text alone."""
    kinds = getattr(config, "layer_types", None) or ()
    return any("sliding" in kind or "chunked" in kind for kind in kinds) or hasattr(config, "sliding_window")


def test_a_causal_language_model_reads_texts_beyond_its_windows_as_it_does_itself(tiny_llama: Path) -> None:
    tokenizer = AutoTokenizer.from_pretrained(tiny_llama)
    config = Config(attention="causal", lora=Lora(dropout=0.0))
    ids = torch.arange(3, 31).view(2, 14)
    mask = torch.arange(14) < torch.tensor([[14], [9]])
    swept, tolerance = set(), 100 * torch.finfo(torch.float32).eps
    for family in text_families(local):
        with suppress(Exception), torch.no_grad():  # no tiny one, or none with adapters, which `create` says
            model = tiny_model(family)
            expected = model(input_ids=ids, attention_mask=mask.long()).last_hidden_state[mask]
            encoder = LanguageModel(config, tokenizer, model).eval()
            inputs = {"input_ids": ids, "attention_mask": encoder._reads(mask.long(), None)}
            hidden = [model(**inputs).last_hidden_state[mask]]
            swept.add(family)
            # One of a larger model: its configuration names a window that it does not read.
            if any(encoder.prefix_shape) and family != "qwen3_vl_moe_text":
                layers, heads, d_head = encoder.prefix_shape
                prefix = LayerPrefix(torch.ones(layers, 2, 2, heads, 3, d_head), torch.zeros(2).bool())
                inputs |= {"attention_mask": encoder._reads(mask.long(), prefix), "past_key_values": prefix}
                hidden.append(model(**inputs).last_hidden_state[mask])
        if family in swept:
            for one in hidden:
                torch.testing.assert_close(one, expected, atol=tolerance, rtol=tolerance, msg=family)
    known = {
        "gemma2",
        "gemma3_text",
        "gemma3n_text",
        "olmo3",
        "mistral",
        "phi3",
        "cohere2",
        "exaone4",
        "gpt_oss",
    }
    assert known | {"qwen2", "ministral", "modernbert-decoder", "recurrent_gemma"} <= swept


@pytest.mark.parametrize(("attention", "seen"), [("causal", [3, 4]), ("bidirectional", [1, 2, 3, 4, 5])])
@pytest.mark.parametrize("family", ["mistral", "gemma2"])
def test_a_window_reaches_as_far_to_the_right_where_a_model_looks_there(
    family: str, attention: str, seen: list[int], tiny_llama: Path
) -> None:
    kinds = {"layer_types": ["sliding_attention"]} if family == "gemma2" else {}
    model = tiny_model(family, num_hidden_layers=1, sliding_window=2, **kinds)
    encoder = LanguageModel(
        Config(attention=attention), AutoTokenizer.from_pretrained(tiny_llama), model
    ).eval()
    ids = torch.tensor([[3, 4, 5, 6, 7, 8, 9], [3, 4, 5, 60, 7, 8, 9]])
    mask = torch.ones_like(ids)
    layers, heads, d_head = encoder.prefix_shape
    prefix = LayerPrefix(torch.ones(layers, 2, 2, heads, 1, d_head), torch.tensor([True, False]))
    with torch.no_grad():
        before, after = model(input_ids=ids, attention_mask=encoder._reads(mask, None)).last_hidden_state
        assert (before != after).any(-1).nonzero().flatten().tolist() == seen
        same = ids[:1].expand(2, -1)
        reads = encoder._reads(mask, prefix)
        shown, hidden = model(input_ids=same, attention_mask=reads, past_key_values=prefix).last_hidden_state
        assert (shown != hidden).any(-1).all(), "every word sees the whole prefix"


WAYS = {
    "plain": {},
    "four_bit": {"four_bit": True},
    "checkpointing": {"gradient_checkpointing": True},
    "four_bit_checkpointing": {"four_bit": True, "gradient_checkpointing": True},
    "few_adapters": {"lora": {"dropout": 0.0, "targets": ["q_proj"]}},
}


@pytest.mark.parametrize("way", WAYS)
def test_gradients_are_the_same_after_an_evaluation(way: str, wide_llama: Path, posts: list[Post]) -> None:
    tagger = new_tagger(run(wide_llama, **{"lora": {"dropout": 0.0}} | WAYS[way]), posts, 0)
    batch = Inputs(posts, tagger).batch([0, 1, 2])

    def gradients() -> list[Tensor]:
        tagger.train()
        tagger.fusion.eval()  # its dropout
        tagger.zero_grad()
        tagger.loss(batch).backward()
        return [weight.grad.clone() for weight in tagger.parameters() if weight.requires_grad]

    before = gradients()
    with torch.no_grad():
        tagger.eval()(batch)
    for then, now in zip(before, gradients(), strict=True):
        assert torch.equal(then, now)


def test_no_word_of_kernels_that_nothing_calls(caplog: pytest.LogCaptureFixture) -> None:
    logger = logging.getLogger("bitsandbytes.backends.cpu.ops")
    logger.warning("Failed to load CPU gemm_4bit_forward from kernels-community: %s", "why")
    logger.warning("another warning")
    assert caplog.messages == ["another warning"]


def test_a_caption_is_set_apart_where_the_tokenizer_has_no_special_subwords(tiny_llama: Path) -> None:
    encoder = new_tagger(run(tiny_llama, attention="bidirectional"), [], 0).encoder.text
    [text] = encoder.encode(
        [Post("1", ["sings"], ["O"], contexts={"caption": "rome"})], contexts=("caption",)
    )
    assert encoder.tokenizer.pretrained.decode(text.windows[0]) == " sings\n rome"


def test_gradient_checkpointing_changes_no_gradient(tiny_llama: Path, posts: list[Post]) -> None:
    gradients = []
    for on in (False, True):
        torch.manual_seed(0)
        tagger = new_tagger(
            run(tiny_llama, gradient_checkpointing=on, lora={"dropout": 0.0}), posts, 0
        ).train()
        tagger.fusion.eval()  # its dropout
        tagger.loss(Inputs(posts, tagger).batch([0, 1, 2])).backward()
        gradients.append([weight.grad for weight in tagger.parameters() if weight.requires_grad])
    for plain, checkpointed in zip(*gradients, strict=True):
        torch.testing.assert_close(checkpointed, plain)
