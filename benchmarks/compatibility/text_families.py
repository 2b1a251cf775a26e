"""Families of text encoders and language models: tiny ones with random weights, and what becomes of each."""

from collections.abc import Iterator
from contextlib import suppress
from inspect import signature
from typing import Any

import torch
from transformers import AutoConfig, AutoModel, PreTrainedConfig, PreTrainedModel
from transformers.models.auto.modeling_auto import MODEL_MAPPING, MODEL_MAPPING_NAMES

VOCABULARY = 280
WINDOW = 4
# By the names that families give them; a family takes those that it knows.
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


def text_families() -> Iterator[str]:
    """The ``model_type`` of every family of transformers that reads text alone, without a decoder."""
    for family in MODEL_MAPPING_NAMES:
        with suppress(Exception):  # those that need what is not installed
            config = AutoConfig.for_model(family)
            if not hasattr(config, "vocab_size") or config.is_encoder_decoder or config.sub_configs:
                continue
            taken = list(signature(MODEL_MAPPING[type(config)].forward).parameters.values())[1:]
            needed = {one.name for one in taken if one.default is one.empty and one.kind != one.VAR_KEYWORD}
            if needed <= {"input_ids"} and "input_ids" in {one.name for one in taken}:
                yield family


def tiny_config(family: str, **options: Any) -> PreTrainedConfig:
    """A family's configuration with all sizes small, and each kind of layer that it has by default."""
    default = AutoConfig.for_model(family)
    known = {*default.to_dict(), *default.attribute_map}
    sizes = {name: value for name, value in SIZES.items() if name in known}
    kinds = sorted({*(getattr(default, "layer_types", None) or ())})
    if kinds and "layer_types" in known:
        sizes |= {"layer_types": kinds, "num_hidden_layers": len(kinds)}
    return AutoConfig.for_model(family, **sizes | options)


def tiny_model(family: str, **options: Any) -> PreTrainedModel:
    """A random model of a family, the same one each time."""
    torch.manual_seed(0)
    return AutoModel.from_config(tiny_config(family, **options), dtype=torch.float32).eval()


def sections() -> list[str]:
    """Sections of the page in Markdown."""
    return []
