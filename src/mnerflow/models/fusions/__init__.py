"""Fusions of text and image: one class per file, named after the `kind` of the configuration.

A new fusion is one new file here with one subclass of ``Fusion``. The keyword arguments of its constructor
are the options that a configuration may set.
"""

from dataclasses import dataclass

from torch import Tensor, nn

from mnerflow.models.layer_prefix import LayerPrefix


@dataclass(frozen=True)
class Sizes:
    """Vector sizes that a fusion connects.

    Attributes:
        words: size of a word's vector; 0 if there is no text encoder.
        patches: size of a patch's vector; 0 if there is no image encoder.
        tags: number of tags, for a fusion of predictions.
        prefix: ``prefix_shape`` of the encoder.
    """

    words: int
    patches: int
    tags: int
    prefix: tuple[int, int, int] = (0, 0, 0)


class Fusion(nn.Module):
    """Combines words and patches into words for a decoder. It is built from ``Sizes`` and its options.

    Attributes:
        d_model: size of the word vectors that it returns.
        inputs: modalities that it fuses, ``text``, ``image`` or both; a run must provide exactly these.
            ``joint`` stands for words of an encoder that has read text and image together.
        image_weight: ``(batch, words)`` in 0..1, how much of the image each word of the last batch let in;
            ``None`` for a fusion that does not decide this word by word.
    """

    d_model: int
    inputs: tuple[str, ...] = ("text", "image")
    image_weight: Tensor | None = None

    def prefix(self, patches: Tensor, patch_mask: Tensor) -> LayerPrefix | None:
        """What the text encoder's layers read of the image; ``None`` for a fusion that comes after them."""
        return None

    def forward(self, words: Tensor, word_mask: Tensor, patches: Tensor, patch_mask: Tensor) -> Tensor:
        """Fuse the two modalities.

        Args:
            words: ``(batch, words, sizes.words)``.
            word_mask: ``(batch, words)`` bool, true where there is a word.
            patches: ``(batch, patches, sizes.patches)`` of all images of a post; zero patches in a text-only
                run.
            patch_mask: ``(batch, patches)`` bool, true where there is a patch.

        Returns:
            Words ``(batch, words, d_model)``.
        """
        raise NotImplementedError


def project(sizes: Sizes, d_model: int) -> nn.Module:
    """A layer from patches ``(batch, patches, sizes.patches)`` to ``(batch, patches, d_model)``.

    Patches are normalized first, because images may differ in only a hundredth of what all patches share.
    """
    return nn.Sequential(nn.LayerNorm(sizes.patches), nn.Linear(sizes.patches, d_model))


def ignored_patches(patch_mask: Tensor) -> Tensor:
    """The ``key_padding_mask (batch, patches)`` for attention to patches: true where there is no patch.

    A post without an image has nothing to attend to, and a softmax over nothing would be NaN. It attends to
    its padding instead, and the fusion must make sure that nothing reads the result.
    """
    return ~patch_mask & patch_mask.any(1, keepdim=True)


def pool(patches: Tensor, patch_mask: Tensor) -> Tensor:
    """Mean of a post's patches, ``(batch, patches, d)`` to ``(batch, d)``; zero for posts without images."""
    weights = patch_mask.unsqueeze(-1).to(patches.dtype)
    return (patches * weights).sum(1) / weights.sum(1).clamp(min=1)
