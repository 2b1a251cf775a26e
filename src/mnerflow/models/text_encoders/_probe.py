"""Try a pretrained text encoder on short posts before it is trained."""

from collections.abc import Sequence

import torch
from torch import Tensor

from mnerflow.compute.device import device
from mnerflow.compute.memory import no_memory
from mnerflow.errors import UserError
from mnerflow.models.layer_prefix import LayerPrefix
from mnerflow.models.text_encoders import EncodedText
from mnerflow.models.text_encoders._subwords import SubwordEncoder


def probe(encoder: SubwordEncoder) -> None:
    """Try an encoder as training will use it.

    If its layers do not read a prefix, its ``prefix_shape`` is set to zeros. Random numbers, gradients and
    modes stay as they were.

    Raises ``UserError`` if it cannot compute the posts or their gradient, if a post's vectors depend on
    the other posts in its batch, and if words do not see what they should.
    """
    encoder.to(device())
    modes = [(module, module.training) for module in encoder.modules()]
    family = encoder.model.config.model_type
    with torch.random.fork_rng([torch.cuda.current_device()] if torch.cuda.is_available() else []):
        encoder.eval()
        try:
            wrong = _fault(encoder)
            if any(encoder.prefix_shape) and not _reads_prefix(encoder):
                encoder.prefix_shape = (0, 0, 0)
        except UserError:
            raise
        except Exception as error:  # every family fails in its own way
            if no_memory(error):
                raise
            said = f"{type(error).__name__}: {error}".strip().split("\n")[0]
            wrong = f"cannot compute two short posts and their gradient ({said})"
    for module, mode in modes:
        module.training = mode
    if wrong:
        raise UserError(f"text encoder: {family} {wrong}. Choose another one, or other options of it.")


def differ(one: Tensor, other: Tensor, dtype: torch.dtype) -> bool:
    """Whether vectors that were computed in ``dtype`` differ by more than rounding."""
    eps = torch.finfo(dtype).eps
    return bool((one - other).norm() > min(100 * eps, eps**0.5) * one.norm())


def _fault(encoder: SubwordEncoder) -> str:
    """A fault that would harm training, found by one forward and backward pass; else an empty string."""
    short, long, _ = texts = _short_texts(encoder)
    batched, first, second = vectors = encoder(_placed(encoder, texts))
    with torch.no_grad():
        [alone] = encoder(_placed(encoder, [short]))
    if not torch.isfinite(first).all():
        return "gives numbers that are not finite"
    if differ(alone, batched[:1], encoder.model.dtype):
        return "reads padding, so that a post's tags would depend on the posts in its batch"
    middle = len(long.words) // 2
    if middle and (fault := encoder.fault_of_view(first, second, middle)):
        return fault
    if trained := [weight for weight in encoder.parameters() if weight.requires_grad]:
        # A plain sum after a layer norm would have no gradient.
        loss = (vectors * torch.linspace(-1, 1, encoder.d_model, device=vectors.device) ** 2).sum()
        found = torch.autograd.grad(loss, trained, allow_unused=True)
        if not any(one is not None and one.any() for one in found):
            return "has no gradient on this device"
    return ""


def _reads_prefix(encoder: SubwordEncoder) -> bool:
    """Whether the layers read a prefix that is to be seen and ignore one that is not."""
    text = _placed(encoder, _short_texts(encoder)[:1] * 2)
    layers, heads, d_head = encoder.prefix_shape
    ones = torch.ones(layers, 2, 2, heads, 3, d_head, device=encoder.model.device)
    with torch.no_grad():
        try:
            plain = encoder(text)
            hidden, seen = encoder(text, LayerPrefix(ones, torch.tensor([False, True], device=ones.device)))
        except Exception as error:  # every family fails in its own way
            if no_memory(error):
                raise
            return False
    return bool(not differ(plain[0], hidden, encoder.model.dtype) and (plain[1] != seen).any())


def _short_texts(encoder: SubwordEncoder) -> list[EncodedText]:
    """A post of one word, one of up to eight, and the same with a different word in the middle.

    Each word is a single subword.
    """
    tokenizer = encoder.tokenizer
    before, _, after = tokenizer.special
    piece, size = tokenizer.cut(["a"])[0][-1], encoder.settings.vocab_size
    room = min(8, max(1, tokenizer.longest - len(before) - len(after)))
    long = [[(piece + place % 2) % size] for place in range(room)]
    changed = [[(piece + 2) % size] if place == room // 2 else long[place] for place in range(room)]
    return [tokenizer.lay_out(row, [0] * len(row), [], [1] * len(row)) for row in (long[:1], long, changed)]


def _placed(encoder: SubwordEncoder, texts: Sequence[EncodedText]) -> dict[str, Tensor]:
    """Collate texts and move them to the model's device."""
    return {name: tensor.to(device()) for name, tensor in encoder.collate(texts).items()}
