"""Fusions: one class a file; the file's name is the `kind` of the configuration.

A new fusion is one new file here with one subclass of ``Fusion``; its constructor's keyword arguments
are the options that a configuration may set.
"""

from dataclasses import dataclass

from torch import Tensor, nn

from mnerflow.models.layer_prefix import LayerPrefix


@dataclass(frozen=True)
class Sizes:
    """Vector sizes that a fusion connects: of a word, of a patch (0 where that encoder is absent), the
    number of tags (for one that is made of predictions), and what ``TextEncoder.prefix_shape`` says.
    """

    words: int
    patches: int
    tags: int
    prefix: tuple[int, int, int] = (0, 0, 0)


class Fusion(nn.Module):
    """Maps words and patches to words, which a decoder reads. It is made of ``Sizes`` and its options.

    Attributes:
        d_model: size of the vectors that it gives.
        inputs: what it fuses, ``text``, ``image`` or both; a run must give it just that. ``joint`` alone are
            words of an encoder that has read text and image together.
        image_weight: ``(batch, words)`` in 0..1, how much of the image each word of the last batch let in;
            ``None`` for a fusion that does not decide that word by word.
    """

    d_model: int
    inputs: tuple[str, ...] = ("text", "image")
    image_weight: Tensor | None = None

    def prefix(self, patches: Tensor, patch_mask: Tensor) -> LayerPrefix | None:
        """What the text encoder's layers read of the image; nothing in a fusion that comes after them."""
        return None

    def forward(self, words: Tensor, word_mask: Tensor, patches: Tensor, patch_mask: Tensor) -> Tensor:
        """Fuse the two modalities.

        Args:
            words: ``(batch, words, sizes.words)``.
            word_mask: ``(batch, words)`` bool, true where there is a word.
            patches: ``(batch, patches, sizes.patches)`` of all images of a post; no patches in a
                text-only run.
            patch_mask: ``(batch, patches)`` bool, true where there is a patch.

        Returns:
            Words ``(batch, words, d_model)``.
        """
        raise NotImplementedError


def project(sizes: Sizes, d_model: int) -> nn.Module:
    """A layer from patches ``(batch, patches, sizes.patches)`` to ``(batch, patches, d_model)``.

    Normed before, since what tells images apart may be a hundredth of what all patches share.
    """
    return nn.Sequential(nn.LayerNorm(sizes.patches), nn.Linear(sizes.patches, d_model))


def ignored_patches(patch_mask: Tensor) -> Tensor:
    """The ``key_padding_mask (batch, patches)`` of attention on patches: true where there is no patch.

    A post without image has nothing to attend to; softmax over nothing would be NaN, so it attends to what
    stands in its place, and the fusion has to see to it that nobody reads that.
    """
    return ~patch_mask & patch_mask.any(1, keepdim=True)


def pool(patches: Tensor, patch_mask: Tensor) -> Tensor:
    """Mean of a post's patches: ``(batch, patches, d)`` to ``(batch, d)``; zero for a post without image."""
    weights = patch_mask.unsqueeze(-1).to(patches.dtype)
    return (patches * weights).sum(1) / weights.sum(1).clamp(min=1)
