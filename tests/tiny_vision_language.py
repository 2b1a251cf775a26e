"""Vision-language models small enough for exact tests, of three families that read images differently."""

from collections.abc import Iterable
from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import (
    CLIPImageProcessor,
    Idefics3Config,
    Idefics3ForConditionalGeneration,
    Idefics3ImageProcessor,
    Idefics3Processor,
    LlavaConfig,
    LlavaForConditionalGeneration,
    LlavaProcessor,
    PreTrainedTokenizerFast,
    Qwen2VLConfig,
    Qwen2VLForConditionalGeneration,
    Qwen2VLImageProcessor,
    Qwen2VLProcessor,
    Qwen2VLVideoProcessor,
)

SIZES = {"hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2}
TEXT = {
    **SIZES,
    "intermediate_size": 64,
    "max_position_embeddings": 128,
    "vocab_size": 300,
    "pad_token_id": 0,
}


def save_idefics3(folder: Path) -> None:
    """Save a model whose processor puts subwords around an image, and whose pixels have an axis of images."""
    names = ("<fake_token_around_image>", "<image>", "<end_of_utterance>", "<global-img>")
    tokenizer = _tokenizer(names)
    square = {"longest_edge": 16}
    images = Idefics3ImageProcessor(size=square, max_image_size=square, do_image_splitting=False)
    Idefics3Processor(images, tokenizer, image_seq_len=4).save_pretrained(folder)
    vision = {"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 64}
    config = Idefics3Config(
        text_config={"model_type": "llama", **TEXT},
        vision_config={**vision, "image_size": 16, "patch_size": 4},
        scale_factor=2,
        image_token_id=tokenizer.convert_tokens_to_ids("<image>"),
        pad_token_id=0,
    )
    torch.manual_seed(0)
    Idefics3ForConditionalGeneration(config).save_pretrained(folder)


def save_qwen2_vl(folder: Path) -> None:
    """Save a model with positions in three dimensions, and with prompts that put subwords around an image."""
    names = {"vision_start": "<|vision_start|>", "vision_end": "<|vision_end|>"}
    names |= {"image": "<|image_pad|>", "video": "<|video_pad|>"}
    tokenizer = _tokenizer(names.values())
    images = Qwen2VLImageProcessor(patch_size=4, size={"shortest_edge": 64, "longest_edge": 1024})
    Qwen2VLProcessor(images, tokenizer, Qwen2VLVideoProcessor(patch_size=4)).save_pretrained(folder)
    rope = {"rope_type": "default", "mrope_section": [2, 3, 3]}
    vision = {"depth": 1, "embed_dim": 32, "hidden_size": 64, "num_heads": 2, "patch_size": 4, "mlp_ratio": 2}
    config = Qwen2VLConfig(
        text_config={**TEXT, "rope_parameters": rope, "bos_token_id": None, "eos_token_id": 0},
        vision_config=vision,
        **{f"{name}_token_id": tokenizer.convert_tokens_to_ids(token) for name, token in names.items()},
    )
    torch.manual_seed(0)
    Qwen2VLForConditionalGeneration(config).save_pretrained(folder)


def save_llava(folder: Path) -> None:
    """Save a model with nothing around an image, whose files contain the head of the language model."""
    tokenizer = _tokenizer(["<image>"])
    square = {"size": {"shortest_edge": 16}, "crop_size": {"height": 16, "width": 16}}
    processor = LlavaProcessor(
        CLIPImageProcessor(**square),
        tokenizer,
        patch_size=8,
        vision_feature_select_strategy="default",
        num_additional_image_tokens=1,
    )
    processor.save_pretrained(folder)
    vision = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}
    vision |= {"image_size": 16, "patch_size": 8, "projection_dim": 32}
    config = LlavaConfig(
        text_config={"model_type": "llama", **TEXT},
        vision_config={"model_type": "clip_vision_model", **vision},
        image_token_id=tokenizer.convert_tokens_to_ids("<image>"),
    )
    torch.manual_seed(0)
    LlavaForConditionalGeneration(config).save_pretrained(folder)


FAMILIES = {"idefics3": save_idefics3, "qwen2_vl": save_qwen2_vl, "llava": save_llava}


def _tokenizer(special: Iterable[str]) -> PreTrainedTokenizerFast:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=300, special_tokens=["</s>", *special], initial_alphabet=alphabet
    )
    tokenizer.train_from_iterator([" ann sings in rome"] * 9, trainer)
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="</s>", pad_token="</s>")
