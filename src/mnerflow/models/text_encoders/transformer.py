"""Any transformers encoder (BERT, RoBERTa, XLM-R, …) as a text encoder."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from mnerflow.data.post import Post
from mnerflow.errors import UserError, quantity
from mnerflow.models import attention
from mnerflow.models.layer_prefix import LayerPrefix
from mnerflow.models.text_encoders._pretrained import check_config, load_pretrained, weights_folder
from mnerflow.models.text_encoders._probe import probe
from mnerflow.models.text_encoders._subwords import SubwordConfig, SubwordEncoder

# Families that mask attention scores with a number that bf16 does not have.
IN_FP32 = ("deberta", "xmod")
# Families tested in bf16 throughout: they train as they do with autocast.
CASTABLE = ("bert", "camembert", "distilbert", "electra", "mpnet", "roberta", "xlm-roberta")
# Families whose self-attention ``attention.SelfAttention`` replaces.
REPLACED_ATTENTION = ("bert", "camembert", "electra", "mpnet", "roberta", "xlm-roberta")


@dataclass(frozen=True)
class Config(SubwordConfig):
    """Options of a ``transformer`` text encoder, besides those of every transformer.

    Attributes:
        layers: number of the lowest layers that are kept, which saves time where words are simple; 0 keeps
            all.
        trained_layers: number of the upper kept layers that are trained. The others and the embeddings stay
            frozen, which saves most of a small run's time. 0 trains everything.
    """

    layers: int = 0
    trained_layers: int = 0


class Transformer(SubwordEncoder):
    """A pretrained encoder, fine-tuned as a whole or in its upper layers."""

    def __init__(self, config: Config, tokenizer: PreTrainedTokenizerBase, model: PreTrainedModel) -> None:
        super().__init__(config, tokenizer, model)
        depth = model.config.num_hidden_layers
        stacks = [module for module in model.modules() if isinstance(module, nn.ModuleList)]
        found = [stack for stack in stacks if len(stack) == depth]  # XLM has one list per kind of sublayer
        layers = found[0] if len(found) == 1 else nn.ModuleList()
        if len(found) != 1 and (config.layers or config.trained_layers):
            raise UserError(
                f"text encoder: {type(model).__name__} has no one list of {quantity(depth, 'layer')} to "
                "choose from. Leave its options `layers` and `trained_layers` out."
            )
        for name, number in (("layers", depth), ("trained_layers", config.layers or depth)):
            if not 0 <= getattr(config, name) <= number:
                raise UserError(
                    f"text encoder: {name} is {getattr(config, name)}, but {type(model).__name__} has "
                    f"{quantity(number, 'layer')} here. Choose 1 to {number}, or 0 for all."
                )
        if config.layers:
            del layers[config.layers :]
        if config.trained_layers:
            model.requires_grad_(False)
            layers[-config.trained_layers :].requires_grad_(True)
        if model.base_model_prefix in ("bert", "roberta", "electra"):  # they accept keys from outside
            heads = model.config.num_attention_heads
            self.prefix_shape = (len(layers), heads, self.d_model // heads)
        if attend := getattr(model, "set_attention_type", None):  # BigBird's is sparse only in long batches
            attend("original_full")
        self.castable = model.config.model_type in CASTABLE
        if model.config.model_type in REPLACED_ATTENTION:
            attention.replace_self_attention(model)

    @classmethod
    def create(cls, config: Config, weights: Path | None, posts: Sequence[Post]) -> "Transformer":
        """Read the pretrained weights and the tokenizer from a model folder, and try the model.

        Raises ``UserError`` if there are none, for layers that the model does not have, and as ``probe``.
        """
        encoder = cls.restore(config, weights, {})
        probe(encoder)
        return encoder

    @classmethod
    def restore(cls, config: Config, weights: Path | None, metadata: dict[str, Any]) -> "Transformer":
        """Read the pretrained weights again; those that were trained are replaced afterwards."""
        model, tokenizer = load_pretrained(weights_folder(weights), dtype=torch.float32)
        check_config(model, ("hidden_size", "num_hidden_layers"))
        if model.config.is_encoder_decoder:
            raise UserError(f"{weights}: {model.config.model_type} has a decoder, too. Choose an encoder.")
        return cls(config, tokenizer, model)

    def forward(self, text: dict[str, Tensor], prefix: LayerPrefix | None = None) -> Tensor:
        """Encode words as ``(batch, words, d_model)``, without autocast for the families in ``IN_FP32``."""
        if self.model.config.model_type not in IN_FP32:
            return super().forward(text, prefix)
        with torch.autocast(text["input_ids"].device.type, enabled=False):
            return super().forward(text, prefix)
