"""The optimizer step: clip gradients and update weights on a learning-rate schedule."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from mnerflow.compute import device as compute
from mnerflow.config import TrainingConfig
from mnerflow.models.tagger import Tagger
from mnerflow.training.adamw import AdamW
from mnerflow.training.masters import Masters


class Optimizer:
    """AdamW on a tagger's trained weights, with linear warm-up and decay of the learning rates.

    Args:
        tagger: tagger whose weights are updated.
        config: learning rates, decay, clipping, warm-up.
        steps: number of steps of the whole training.
        layer_dtype: dtype that the layers are cast to until ``release``; ``None`` if they stay as they are.
    """

    def __init__(
        self, tagger: Tagger, config: TrainingConfig, steps: int, layer_dtype: torch.dtype | None = None
    ) -> None:
        self._most = config.clip
        groups = parameter_groups(tagger, config)
        self._masters = Masters(tagger, groups, layer_dtype) if layer_dtype else None
        self._state = self._masters or tagger
        self._adamw = AdamW(self._masters.groups if self._masters else groups)
        # The last bit of the gradients' norm depends on this order.
        self._weights = self._masters.weights if self._masters else [*tagger.parameters()]
        self._done, self._steps = 0, steps
        self._warmup = max(1, round(config.warmup * steps))

    @property
    def learning_rate(self) -> float:
        """Learning rate of the first part in the next step."""
        return self._adamw.groups[0]["lr"] * self._share

    @property
    def _share(self) -> float:
        """Factor of the learning rates in the next step, in 0..1."""
        falling = (self._steps - self._done) / max(1, self._steps - self._warmup)
        return min((self._done + 1) / self._warmup, max(0.0, falling))

    def step(self) -> None:
        """Clip the gradients, update the weights and reset the gradients."""
        if self._masters:
            self._masters.gather()
        clip_gradients(self._weights, self._most)
        self._adamw.step(self._share)
        self._done += 1
        self._adamw.forget_gradients()
        if self._masters:
            self._masters.spread()

    def trained_state(self) -> dict[str, Tensor]:
        """The tagger's trained state, in fp32."""
        return self._state.trained_state()

    def state(self) -> dict[str, Any]:
        """The state for a checkpoint, including the tagger's weights."""
        return {
            "tagger": self.trained_state(),
            "optimizer": self._adamw.state(),
            "done": self._done,
        }

    def load_state(self, state: dict[str, Any]) -> None:
        """Restore a state that ``state`` returned."""
        self._state.load_trained_state(state["tagger"])
        self._adamw.load_state(state["optimizer"])
        self._done = state["done"]

    def release(self, best: dict[str, Tensor]) -> None:
        """Leave the tagger in fp32, with the weights ``best``."""
        self._state.load_trained_state(best)
        if self._masters:
            self._masters.release()


def parameter_groups(tagger: Tagger, config: TrainingConfig) -> list[dict[str, Any]]:
    """Group a tagger's trained weights by learning rate and weight decay.

    Each part has its own learning rate. Vectors (norms, biases), embeddings and the weights that timm names
    have no weight decay.
    """
    spared = {id(module.weight) for module in tagger.modules() if isinstance(module, nn.Embedding)}
    for module in tagger.modules():
        named = getattr(module, "no_weight_decay", None)  # timm's models: position embeddings, class tokens
        if named is not None:
            names = named()
            spared |= {id(weight) for name, weight in module.named_parameters() if name in names}
    groups = []
    modules = tagger.encoder.parts() | {"fusion": tagger.fusion, "decoder": tagger.decoder}
    for part, module in modules.items():
        rate = getattr(config.learning_rate, part)
        trained = [weight for weight in module.parameters() if weight.requires_grad]
        plain = [weight for weight in trained if weight.dim() < 2 or id(weight) in spared]
        decayed = [weight for weight in trained if weight.dim() >= 2 and id(weight) not in spared]
        for weights, decay in ((decayed, config.weight_decay), (plain, 0.0)):
            if weights:
                groups.append({"params": weights, "lr": rate, "weight_decay": decay})
    return groups


def clip_gradients(weights: Sequence[Tensor], max_norm: float) -> None:
    """Scale gradients down if their norm is above ``max_norm``; otherwise a pass over them is saved."""
    norm = nn.utils.get_total_norm([weight.grad for weight in weights if weight.grad is not None])
    # NaN counts as above ``max_norm`` here, and so reaches every weight.
    if not compute.reads_without_sync(norm.device) or not norm <= max_norm:
        nn.utils.clip_grads_with_norm_(weights, max_norm, norm)
