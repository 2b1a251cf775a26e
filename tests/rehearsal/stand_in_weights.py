"""A mirror of weights under the real hub ids, with the real architectures and files, tiny and random."""

import json
from pathlib import Path

import timm
import torch
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import (
    BertConfig,
    BertForPreTraining,
    LlamaConfig,
    LlamaForCausalLM,
    MPNetConfig,
    MPNetModel,
    PreTrainedTokenizerFast,
)

TEXT = ["the crowd cheers for Ada Byron in New York tonight", "Roku 1764 přišel Jan Novák do Zvole"] * 9
SIZES = {"hidden_size": 64, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 64}
VITS = {  # as timm's config.json on the hub describes them; the weights are of fewer and narrower layers
    "vit_base_patch16_224.augreg_in21k": {
        "num_classes": 21,
        "size": 224,
        "mean": [0.5] * 3,
        "std": [0.5] * 3,
    },
    "vit_small_patch14_dinov2.lvd142m": {
        "num_classes": 0,
        "size": 518,
        "mean": [0.485, 0.456, 0.406],
        "std": [0.229, 0.224, 0.225],
    },
}


def write_weights(folder: Path) -> None:
    """Write the weights of all encoders that both configurations fetch from a hub."""
    torch.manual_seed(0)
    _write_bert(folder / "google-bert/bert-large-uncased")
    _write_mpnet(folder / "sentence-transformers/all-mpnet-base-v2")
    _write_llama(folder / "meta-llama/Llama-3.1-8B")
    for name, about in VITS.items():
        _write_vit(folder / "timm" / name, name, about)


def _word_pieces(special: dict[str, str], vocabulary: int) -> PreTrainedTokenizerFast:
    tokenizer = Tokenizer(models.WordPiece(unk_token=special["unk_token"]))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    names = list(dict.fromkeys(special.values()))
    trainer = trainers.WordPieceTrainer(vocab_size=vocabulary, special_tokens=names, show_progress=False)
    tokenizer.train_from_iterator(TEXT, trainer)
    ends = [(special[key], tokenizer.token_to_id(special[key])) for key in ("sep_token", "cls_token")]
    tokenizer.post_processor = processors.BertProcessing(*ends)
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, **special)


def _write_bert(folder: Path) -> None:
    """As a file of 2018: with the heads of pretraining, and with layer norms' `gamma` and `beta`."""
    special = {
        name: f"[{name[:-6].upper()}]" for name in ("pad_token", "unk_token", "cls_token", "sep_token")
    }
    _word_pieces(special | {"mask_token": "[MASK]"}, 200).save_pretrained(folder)
    BertForPreTraining(BertConfig(**SIZES, vocab_size=200)).save_pretrained(folder)
    file = folder / "model.safetensors"
    older = {"LayerNorm.weight": "LayerNorm.gamma", "LayerNorm.bias": "LayerNorm.beta"}
    tensors = {}
    for name, tensor in load_file(file).items():
        for new, old in older.items():
            name = name.replace(new, old)
        tensors[name] = tensor
    save_file(tensors, file, {"format": "pt"})


def _write_mpnet(folder: Path) -> None:
    special = {"bos_token": "<s>", "pad_token": "<pad>", "eos_token": "</s>", "unk_token": "[UNK]"}
    special |= {"cls_token": "<s>", "sep_token": "</s>", "mask_token": "<mask>"}
    _word_pieces(special, 200).save_pretrained(folder)
    MPNetModel(MPNetConfig(**SIZES, vocab_size=200)).save_pretrained(folder)


def _write_llama(folder: Path) -> None:
    """Several files with an index: bf16, grouped queries, and a byte-level BPE that marks the beginning."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    special = {"bos_token": "<|begin_of_text|>", "eos_token": "<|end_of_text|>"}
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=300, special_tokens=[*special.values()], initial_alphabet=alphabet, show_progress=False
    )
    tokenizer.train_from_iterator(TEXT, trainer)
    begin = special["bos_token"]
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{begin} $A",
        pair=f"{begin} $A {begin} $B",
        special_tokens=[(begin, tokenizer.token_to_id(begin))],
    )
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, **special).save_pretrained(folder)
    rope = {"rope_type": "llama3", "rope_theta": 500000.0, "factor": 8.0, "low_freq_factor": 1.0}
    rope |= {"high_freq_factor": 4.0, "original_max_position_embeddings": 8192}
    config = LlamaConfig(
        **SIZES, num_key_value_heads=1, vocab_size=300, max_position_embeddings=131072, rope_parameters=rope
    )
    LlamaForCausalLM(config).to(torch.bfloat16).save_pretrained(folder, max_shard_size="60KB")


def _write_vit(folder: Path, name: str, about: dict) -> None:
    folder.mkdir(parents=True)
    architecture, _, tag = name.partition(".")
    arguments = {"depth": 1, "embed_dim": 48, "num_heads": 2}
    model = timm.create_model(
        architecture, num_classes=about["num_classes"], img_size=about["size"], **arguments
    )
    save_file(model.state_dict(), folder / "model.safetensors")
    described = {
        "tag": tag,
        "input_size": [3, about["size"], about["size"]],
        "mean": about["mean"],
        "std": about["std"],
    }
    config = {"architecture": architecture, "num_classes": about["num_classes"], "model_args": arguments}
    (folder / "config.json").write_text(json.dumps(config | {"pretrained_cfg": described}), encoding="utf-8")
