"""Text encoders and language models: whether a tiny model of each family, with random weights, works."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from inspect import signature
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from page import Verdict, table, verdict
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import (
    AutoConfig,
    AutoModel,
    PreTrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerBase,
    PreTrainedTokenizerFast,
)
from transformers.models.auto.modeling_auto import (
    MODEL_FOR_CAUSAL_LM_MAPPING_NAMES,
    MODEL_FOR_MASKED_LM_MAPPING_NAMES,
    MODEL_MAPPING,
    MODEL_MAPPING_NAMES,
)

from mnerflow.config import PartConfig, RunConfig
from mnerflow.data.post import Post
from mnerflow.models.tagger import load_tagger, new_tagger
from mnerflow.training.inputs import Inputs

VOCABULARY = 280
WINDOW = 4
# Small sizes, by the names that families use; a family takes those that it knows.
SIZES: dict[str, Any] = {
    **dict.fromkeys(("vocab_size", "entity_vocab_size", "vocab_size_per_layer_input"), VOCABULARY),
    **dict.fromkeys(
        ("hidden_size", "d_model", "embedding_size", "n_embd", "emb_dim", "dim", "lru_width"), 16
    ),
    **dict.fromkeys(
        ("hidden_size_per_layer_input", "embed_dim", "word_embed_proj_dim", "entity_emb_size"), 16
    ),
    **dict.fromkeys(("num_hidden_layers", "n_layer", "n_layers", "num_layers", "num_encoder_layers"), 2),
    **dict.fromkeys(("num_attention_heads", "n_head", "n_heads", "num_heads"), 2),
    **dict.fromkeys(("num_key_value_heads", "num_kv_heads", "multi_query_group_num"), 2),
    **dict.fromkeys(("head_dim", "global_head_dim", "qk_nope_head_dim", "qk_rope_head_dim", "v_head_dim"), 8),
    **dict.fromkeys(("qk_head_dim", "kv_channels", "d_head", "d_kv", "q_lora_rank", "kv_lora_rank"), 8),
    **dict.fromkeys(("intermediate_size", "ffn_dim", "n_inner", "hidden_dim", "d_inner", "d_ff"), 32),
    **dict.fromkeys(("moe_intermediate_size", "shared_expert_intermediate_size", "ffn_hidden_size"), 16),
    **dict.fromkeys(("num_experts", "num_local_experts", "n_routed_experts", "moe_num_experts"), 4),
    **dict.fromkeys(("num_experts_per_tok", "moe_topk", "top_k_experts", "moe_k"), 2),
    **dict.fromkeys(("n_group", "topk_group", "n_shared_experts", "num_shared_experts"), 1),
    **dict.fromkeys(("max_position_embeddings", "n_positions", "max_seq_len", "n_ctx", "max_length"), 64),
    **dict.fromkeys(("sliding_window", "attention_window_size"), WINDOW),
    **dict.fromkeys(("mamba_n_heads", "mamba_n_groups"), 2),
    "mamba_d_head": 16,
    "rotary_dim": 4,
    "use_sliding_window": True,
    "max_window_layers": 0,
    "num_kv_shared_layers": 0,
    "pad_token_id": 1,
    "bos_token_id": 2,
    "eos_token_id": 0,
}


def text_families(wanted: Callable[[PreTrainedConfig], bool] = bool) -> Iterator[str]:
    """The ``model_type`` of every transformers family that reads only text and is no encoder-decoder.

    ``wanted`` selects families by their configuration.
    """
    for family in MODEL_MAPPING_NAMES:
        with suppress(Exception):  # families that need packages that are not installed
            config = AutoConfig.for_model(family)
            if not hasattr(config, "vocab_size") or config.is_encoder_decoder or config.sub_configs:
                continue
            if not wanted(config):
                continue
            taken = list(signature(MODEL_MAPPING[type(config)].forward).parameters.values())[1:]
            needed = {one.name for one in taken if one.default is one.empty and one.kind != one.VAR_KEYWORD}
            if needed <= {"input_ids"} and "input_ids" in {one.name for one in taken}:
                yield family


# No small sizes were found for these families: with those above, their own forward pass fails.
UNTRIED = {"codegen", "deepseek_v4", "mimo_v2_flash", "reformer", "zamba2"}
# What a family's own checks require.
FURTHER: dict[str, dict[str, Any]] = {
    "recurrent_gemma": {"num_hidden_layers": 3, "block_types": ["recurrent", "recurrent", "attention"]},
    "qwen2": {"num_hidden_layers": 2, "layer_types": ["sliding_attention", "full_attention"]},
    "gpt_neo": {"attention_types": [[["global", "local"], 1]], "window_size": WINDOW},
}


def tiny_config(family: str, **options: Any) -> PreTrainedConfig:
    """A family's configuration with small sizes, and with each kind of layer that it has by default."""
    default = AutoConfig.for_model(family)
    known = {*default.to_dict(), *default.attribute_map}
    sizes = {name: value for name, value in SIZES.items() if name in known}
    kinds = sorted({*(getattr(default, "layer_types", None) or ())})
    if kinds and "layer_types" in known and family != "recurrent_gemma":
        sizes |= {"layer_types": kinds, "num_hidden_layers": len(kinds)}
    return AutoConfig.for_model(family, **sizes | FURTHER.get(family, {}) | options)


def tiny_model(family: str, **options: Any) -> PreTrainedModel:
    """A random model of a family, the same each time."""
    torch.manual_seed(0)
    model = AutoModel.from_config(tiny_config(family, **options), dtype=torch.float32).eval()
    with suppress(Exception), torch.no_grad():  # unlike new ones, trained embeddings of padding are not zero
        weight = model.get_input_embeddings().weight
        weight[SIZES["pad_token_id"]] = weight[2]
    return model


def byte_tokenizer() -> PreTrainedTokenizerFast:
    """A tokenizer that has a subword for every byte."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    special = ["</s>", "<pad>", "<s>", "<unk>"]
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    tokenizer.train_from_iterator(
        ["Ann went to Rome"],
        trainers.BpeTrainer(
            vocab_size=VOCABULARY, special_tokens=special, initial_alphabet=alphabet, show_progress=False
        ),
    )
    names = dict(zip(("eos_token", "pad_token", "bos_token", "unk_token"), special, strict=True))
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, **names)


def save_tiny(family: str, folder: Path, tokenizer: PreTrainedTokenizerBase | None = None) -> None:
    """Write a tiny model of a family and its tokenizer, ``byte_tokenizer`` unless another is given."""
    sizes = {"vocab_size": max(tokenizer.get_vocab().values()) + 1} if tokenizer else {}
    (tokenizer or byte_tokenizer()).save_pretrained(folder)
    tiny_model(family, **sizes).save_pretrained(folder)


def train_and_load(kind: str, folder: Path, **options: Any) -> None:
    """Train a tagger for a step, save it and load it; raises ``AssertionError`` if it then differs."""
    part = PartConfig(kind, options, str(folder))
    run = RunConfig(("PER", "LOC"), 1, PartConfig("text_only"), part)
    posts = [
        Post("1", ["Ann", "went", "to", "Rome"], ["B-PER", "O", "O", "B-LOC"]),
        Post("2", ["Ann"], ["O"]),
    ]
    torch.manual_seed(0)
    tagger = new_tagger(run, posts, 0)
    batch = Inputs(posts, tagger).batch([0, 1])
    trained = [weight for weight in tagger.parameters() if weight.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=1e-3)
    tagger.train().loss(batch).backward()
    optimizer.step()
    tagger.save(folder / "tagger.safetensors")
    again = load_tagger(run, folder / "tagger.safetensors", 0)
    with torch.no_grad():
        emissions, loaded = tagger.eval()(batch), again.eval()(batch)
    if not torch.isfinite(emissions).all() or not torch.equal(emissions, loaded):
        raise AssertionError("a loaded tagger gives other emissions than the saved one")


def of_family(kind: str, family: str, **options: Any) -> Verdict | None:
    """The outcome for a family as a kind of text encoder; ``None`` if no tiny model of it can be made."""
    with TemporaryDirectory() as folder:
        try:
            save_tiny(family, Path(folder))
        except Exception:  # the sizes do not fit the family
            return None
        found = verdict(family, lambda: train_and_load(kind, Path(folder), **options))
        return replace(found, refused=found.refused.replace(f"{folder}: ", ""))


def sections() -> list[str]:
    """Sections of the page in Markdown."""
    families = list(text_families())
    encoders = [one for one in families if one in MODEL_FOR_MASKED_LM_MAPPING_NAMES]
    language_models = [one for one in families if one in MODEL_FOR_CAUSAL_LM_MAPPING_NAMES]
    language_models = [one for one in language_models if one not in encoders]
    found = []
    for kind, chosen, options in (
        ("transformer", encoders, [{}]),
        ("language_model", language_models, [{}, {"attention": "causal"}]),
    ):
        for option in options:
            said = "".join(f", `{name}: {value}`" for name, value in option.items())
            made = {
                family: None if family in UNTRIED else of_family(kind, family, **option) for family in chosen
            }
            untried = [family for family, one in made.items() if one is None]
            found.append(table(f"Kind `{kind}`{said}", filter(None, made.values()), untried))
    return found
