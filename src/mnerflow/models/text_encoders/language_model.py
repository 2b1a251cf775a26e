"""Any transformers language model (LLaMA, …) as a text encoder, trained with LoRA."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import torch
from bitsandbytes.nn.modules import Linear4bit
from peft import LoraConfig, inject_adapter_in_model
from torch import Tensor
from transformers import BitsAndBytesConfig, PreTrainedConfig, PreTrainedModel, PreTrainedTokenizerBase
from transformers.integrations.heterogeneity.configuration_utils import AmbiguousGlobalPerLayerAttributeError
from transformers.masking_utils import create_masks_for_generate

from mnerflow.compute.device import autocast_dtype, device
from mnerflow.data.post import Post
from mnerflow.errors import UserError, suggest
from mnerflow.models import attention
from mnerflow.models.layer_prefix import LayerPrefix
from mnerflow.models.text_encoders._pretrained import check_config, load_pretrained, weights_folder
from mnerflow.models.text_encoders._probe import differ, probe
from mnerflow.models.text_encoders._subwords import SubwordConfig, SubwordEncoder

# Types of layers that can see to the right, and read a prefix.
ATTENTION = {"full_attention", "sliding_attention"}


@dataclass(frozen=True)
class Lora:
    """Low-rank adapters of a frozen model's layers (Hu et al. 2022).

    Attributes:
        rank: inner size of an adapter.
        alpha: numerator of the factor ``alpha / rank``, by which an adapter's output is scaled.
        dropout: share of an adapter's input dropped in training.
        targets: names of the layers that get an adapter, or ``all-linear``.
    """

    rank: int = 16
    alpha: int = 32
    dropout: float = 0.05
    targets: str | tuple[str, ...] = "all-linear"


@dataclass(frozen=True)
class Config(SubwordConfig):
    """Options of a ``language_model`` text encoder, besides those of every transformer.

    Attributes:
        pooling: subwords that represent a word: a causal model knows a whole word only at its last one.
        attention: ``causal``, as in pretraining, or ``bidirectional``: words then see those to their right.
        lora: the adapters, the only weights that are trained.
        four_bit: whether to keep the frozen weights in 4 bits, as QLoRA does (Dettmers et al. 2023).
        gradient_checkpointing: whether to recompute a layer's activations for the gradient, which saves
            memory.
    """

    pooling: Literal["first", "mean", "last"] = "last"
    attention: Literal["causal", "bidirectional"] = "bidirectional"
    lora: Lora = field(default_factory=Lora)
    four_bit: bool = False
    gradient_checkpointing: bool = False


class LanguageModel(SubwordEncoder):
    """A frozen language model with trained adapters; only the adapters are saved with a run.

    Args:
        config: options of the encoder.
        tokenizer: tokenizer of the model.
        model: a language model, or a larger model that contains one.
        language: the language model within that larger model, which gets the adapters.
    """

    config: Config

    def __init__(
        self,
        config: Config,
        tokenizer: PreTrainedTokenizerBase,
        model: PreTrainedModel,
        language: PreTrainedModel | None = None,
    ) -> None:
        language = model if language is None else language
        _check(config.lora, language)
        adapters = LoraConfig(
            r=config.lora.rank,
            lora_alpha=config.lora.alpha,
            lora_dropout=config.lora.dropout,
            target_modules=_plain(config.lora.targets),
        )
        if language is not model:
            model.requires_grad_(False)
        inject_adapter_in_model(adapters, language)
        for weight in model.parameters():
            if weight.requires_grad:
                weight.data = weight.data.float()
        super().__init__(config, tokenizer, model, contexts_first=config.attention == "causal")
        settings = language.config
        settings.use_cache = False
        settings.is_causal = config.attention == "causal"
        if settings._attn_implementation == "sdpa":
            language.set_attn_implementation(attention.EXPLICIT_MASK)
        if config.gradient_checkpointing:
            language.activation_checkpointing_enable({"use_reentrant": False})
            language.enable_input_require_grads()
        # A prefix needs layers that read keys and values from outside, and separate ones for each head. With
        # gradient checkpointing, layers read none.
        elif _attends(settings) and not getattr(settings, "multi_query", False):
            heads = settings.num_attention_heads
            with suppress(AmbiguousGlobalPerLayerAttributeError):  # layers of different shapes
                kept = getattr(settings, "num_key_value_heads", None) or heads
                d_head = getattr(settings, "head_dim", None) or self.d_model // heads
                self.prefix_shape = (settings.num_hidden_layers, kept, d_head)

    @classmethod
    def create(cls, config: Config, weights: Path | None, posts: Sequence[Post]) -> "LanguageModel":
        """Read the pretrained weights and the tokenizer from a folder, and try the model.

        Raises ``UserError`` if there are none, for a family that cannot be read, for options that exclude
        each other, and as ``probe``.
        """
        encoder = cls.restore(config, weights, {})
        probe(encoder)
        return encoder

    @classmethod
    def restore(cls, config: Config, weights: Path | None, metadata: dict[str, Any]) -> "LanguageModel":
        """Read the frozen weights again; the adapters are loaded afterwards."""
        model, tokenizer = load_frozen(weights_folder(weights), config.four_bit)
        check_config(model, ("hidden_size", "num_hidden_layers", "num_attention_heads"))
        return cls.adapted(config, tokenizer, model)

    @classmethod
    def adapted(
        cls,
        config: Config,
        tokenizer: PreTrainedTokenizerBase,
        model: PreTrainedModel,
        language: PreTrainedModel | None = None,
    ) -> "LanguageModel":
        """Build the encoder from a loaded model; raises ``UserError`` for options it cannot have."""
        settings = (model if language is None else language).config
        if config.attention == "bidirectional" and not (_attends(settings) and _turns(settings)):
            raise UserError(
                f"{model.name_or_path}: {settings.model_type} has layers that are made to look to the left "
                "alone. Choose `attention: causal`, or another language model."
            )
        try:
            return cls(config, tokenizer, model, language)
        except ValueError as error:  # peft names the layers that it did not find
            known = "lora_dropout" in str(error)  # of experts, which are no separate layers
            todo = "Experts take none: set `lora: {dropout: 0}`." if known else "Correct its option `lora`."
            raise UserError(f"text encoder: {error} {todo}") from error

    def fault_of_view(self, words: Tensor, changed: Tensor, middle: int) -> str:
        """What is wrong with what words see, causal or bidirectional as configured; empty if nothing is."""
        words, changed = words[:middle], changed[:middle]
        if self.config.attention == "causal" and differ(words, changed, self.model.dtype):
            return "sees words to the right; it needs `attention: bidirectional`, or the kind `transformer`"
        if self.config.attention == "bidirectional" and torch.equal(words, changed):
            return "sees no word to the right; it needs `attention: causal`"
        return ""

    def _reads(self, mask: Tensor, prefix: LayerPrefix | None) -> Tensor | dict[str, Tensor]:
        """The padding mask, from which the model builds its masks, or these masks extended by the prefix.

        There is one mask per kind of layer if some layers see only a window of the text. All layers see the
        whole prefix.
        """
        if prefix is None:
            return mask
        inputs = torch.empty(*mask.shape, 0, dtype=self.model.dtype, device=mask.device)
        masks = create_masks_for_generate(self.model.config, inputs, mask, past_key_values=None)
        if isinstance(masks, dict):
            return {kind: prefix.extend(one) for kind, one in masks.items()}
        return prefix.extend(masks)


def load_frozen(weights: Path, four_bit: bool) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """Load a folder's model, with frozen weights, in 4 bits if required, and its tokenizer.

    Raises ``UserError`` as ``load_pretrained``.
    """
    dtype = autocast_dtype(device())
    nf4 = BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=dtype,
    )
    model, tokenizer = load_pretrained(weights, dtype=dtype, quantization_config=nf4 if four_bit else None)
    for module in model.modules():  # otherwise, evaluation repacks it for a kernel without gradients
        if isinstance(module, Linear4bit):
            module.support_avx512bf16_for_cpu = False
    return model, tokenizer


def _attends(settings: PreTrainedConfig) -> bool:
    """Whether all layers read masks, keys and values; linear attention, for example, runs left to right."""
    return ATTENTION.issuperset(getattr(settings, "layer_types", None) or ())


def _turns(settings: PreTrainedConfig) -> bool:
    """Whether layers weigh words to the right like those to the left; ALiBi prefers what comes later."""
    return settings.model_type not in ("bloom", "mpt") and not getattr(settings, "alibi", False)


def _check(lora: Lora, model: PreTrainedModel) -> None:
    """Raise ``UserError`` for adapters that would have no effect, and for layers that do not exist."""
    if lora.alpha <= 0:
        raise UserError(f"text encoder: lora.alpha is {lora.alpha}. Choose one above 0.")
    names = {name.rpartition(".")[2] for name, _ in model.named_modules()}
    for target in () if isinstance(lora.targets, str) else lora.targets:
        if target.rpartition(".")[2] not in names:
            raise UserError(
                f"text encoder: lora.targets: no layer of {model.config.model_type} is called {target!r}"
                f"{suggest(target, names)}. Correct it."
            )


def _plain(targets: str | tuple[str, ...]) -> str | list[str]:
    return targets if isinstance(targets, str) else list(targets)
