"""Any transformers vision-language model (Idefics3, Qwen2-VL, …), trained with LoRA."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from transformers import AutoProcessor, ProcessorMixin

from mnerflow.compute.device import device
from mnerflow.compute.memory import no_memory
from mnerflow.data.post import Post
from mnerflow.errors import UserError
from mnerflow.models.batch import Batch
from mnerflow.models.encoder import Encoded, PrefixOf
from mnerflow.models.padding import padded
from mnerflow.models.pretrained import SAFE, reading_pretrained
from mnerflow.models.text_encoders import EncodedText
from mnerflow.models.text_encoders._pretrained import weights_folder
from mnerflow.models.text_encoders._probe import probe
from mnerflow.models.text_encoders.language_model import Config as LanguageModelConfig
from mnerflow.models.text_encoders.language_model import LanguageModel, load_frozen
from mnerflow.models.vision_language_encoders import VisionLanguageEncoder
from mnerflow.models.vision_language_encoders._placeholder import placeholder_of


@dataclass(frozen=True)
class Config(LanguageModelConfig):
    """Options of a ``vision_language_model``, besides those of a ``language_model``.

    Attributes:
        image_processor: settings that override those of the model's image processor, such as
            ``{do_image_splitting: false}``.
    """

    image_processor: dict[str, Any] = field(default_factory=dict)


class VisionLanguageModel(VisionLanguageEncoder):
    """A frozen vision-language model with trained adapters in its language part.

    Images come before contexts and words, so the words of a causal model see them as well. The vision part
    stays frozen, so runs with and without images train the same parameters. Patches are the last layer's
    vectors at the positions of images.

    Args:
        text: the model, wrapped as a language model.
        size: side of images in pixels; 0 if it is shown none.
        processor: processor of the model; ``None`` if it is shown no images.
        settings: settings that override those of the image processor.
    """

    def __init__(
        self, text: LanguageModel, size: int, processor: ProcessorMixin | None, settings: dict[str, Any]
    ) -> None:
        super().__init__()
        self.text = text
        self.text.prefix_shape = self.prefix_shape  # images already take that place
        self.d_word = text.d_model
        self.size = size
        self.settings = settings
        self.placeholder = None
        if processor is not None:
            self.joint, self.d_patch = True, text.d_model
            self.image_processor = processor.image_processor
            self.placeholder = placeholder_of(processor, text.model.config, size, settings)

    @classmethod
    def create(cls, config: Config, size: int, weights: Path | None) -> "VisionLanguageModel":
        """Read the pretrained weights and the processor from a folder, and try the model.

        Raises ``UserError`` as ``LanguageModel.create``, and for a model that does not see images.
        """
        encoder = cls.restore(config, size, weights, {})
        probe(encoder.text)
        encoder.probe()
        return encoder

    @classmethod
    def restore(
        cls, config: Config, size: int, weights: Path | None, metadata: dict[str, Any]
    ) -> "VisionLanguageModel":
        """Read the frozen weights again; the adapters are loaded afterwards."""
        if config.casing:
            raise UserError(
                "vision-language encoder: it knows the casing of words. Leave its option `casing` out."
            )
        folder = weights_folder(weights)
        model, tokenizer = load_frozen(folder, config.four_bit)
        language = model.get_decoder()
        if language is model or model.config.is_encoder_decoder:
            raise UserError(
                f"{folder}: {model.config.model_type} is no vision-language model with one decoder. Choose "
                "another one, or name it among `text_encoders`."
            )
        text = LanguageModel.adapted(config, tokenizer, model, language)
        if not size:
            return cls(text, 0, None, {})
        remedy = "Correct the `source`, or the option `image_processor`."
        with reading_pretrained(folder, "processor of images can be read from this folder", remedy):
            processor = AutoProcessor.from_pretrained(folder, **SAFE)
            return cls(text, size, processor, config.image_processor)

    def parts(self) -> dict[str, nn.Module]:
        """A single part, ``text``, since only adapters of the language model are trained."""
        return {"text": self.text}

    def encode(self, posts: Sequence[Post], contexts: Sequence[str], length: int = 0) -> list[EncodedText]:
        """Turn posts into numbers as a language model does; ``collate`` adds the images."""
        return self.text.encode(posts, contexts, length)

    def cost(self, length: int, images: int, windows: int) -> int:
        """Units of the text plus units of its images, which stand in each window."""
        return length + windows * images * len(self.placeholder.ids if self.placeholder else ())

    def collate(self, texts: Sequence[EncodedText], images: Sequence[int]) -> dict[str, Tensor]:
        """Pad as a language model does, with placeholders of a post's images in each of its windows.

        If the model is shown images, there are further tensors. ``patches (batch, patches)`` are indices into
        the flattened windows, and ``patch_mask`` is true where there is one. ``shown`` is the index of the
        flattened image for each image in a window, one window after the other. The inputs in ``TYPES`` that
        the model takes are ``(windows, subwords)``.
        """
        if self.placeholder is None:
            return self.text.collate(texts)
        one, start = self.placeholder, len(self.text.tokenizer.before)
        shown = [one.put(text, count, start) for text, count in zip(texts, images, strict=True)]
        batch = self.text.collate(shown)
        width, first_row, patches = batch["input_ids"].shape[1], 0, []
        for text, count in zip(shown, images, strict=True):
            first = first_row * width + start
            patches.append(
                [first + image * len(one.ids) + place for image in range(count) for place in one.places]
            )
            first_row += len(text.windows)
        # As with images, a batch needs a place for a patch; it is masked if no post has one.
        batch["patches"] = padded([places or [0] for places in patches])
        batch["patch_mask"] = padded([[1] * len(places) or [0] for places in patches]).bool()
        widest = max(1, *images)
        windows = [post for post, text in enumerate(shown) for _ in text.windows]
        batch["shown"] = torch.tensor(
            [post * widest + image for post in windows for image in range(images[post])], dtype=torch.long
        )
        for name, types in one.types.items():
            pairs = zip(shown, images, strict=True)
            rows = [[0] * start + types * count for text, count in pairs for _ in text.windows]
            batch[name] = padded([row + [0] * (width - len(row)) for row in rows])
        return batch

    def forward(self, batch: Batch, prefix: PrefixOf) -> Encoded:
        """Return words that have seen the images, and patches; only words if it is shown no images."""
        text = batch.text
        if self.placeholder is None:
            return Encoded.of_words(self.text(text))
        besides = {name: text[name] for name in self.placeholder.types}
        besides |= self._seen(self.placeholder.inputs, batch.images.flatten(0, 1)[text["shown"]])
        hidden = self.text.hidden(text, None, **besides)
        patches = hidden.flatten(0, 1)[text["patches"]]
        return Encoded(self.text.pooled(hidden, text), patches, text["patch_mask"])

    def _seen(self, names: Sequence[str], images: Tensor) -> dict[str, Tensor]:
        """Process images ``(images, height, width, 3)`` uint8 into the tensors called ``names``."""
        pixels = [*images.permute(0, 3, 1, 2)]
        if not pixels:
            return {}
        seen = self.image_processor(pixels, return_tensors="pt", **self.settings)
        return {name: seen[name].to(images.device) for name in names}

    def metadata(self) -> dict[str, Any]:
        """Metadata of the language model: none, since its weights folder contains everything needed."""
        return self.text.metadata()

    @torch.no_grad()
    def probe(self) -> None:
        """Try the model on images of this size; raises ``UserError`` if it cannot read or see them."""
        if self.placeholder is None:
            return
        self.eval()
        posts = [Post(str(number), ["a"], ["O"], ["image"] * (number > 0)) for number in range(3)]
        size = self.size
        pixels = torch.zeros(3, 1, size, size, 3, dtype=torch.uint8)
        pixels[2, :, size // 2 :] = 255
        shown = [len(post.images) for post in posts]
        wrong = ""
        try:
            text = self.collate(self.encode(posts, ()), shown)
            mask = torch.tensor(shown).bool().unsqueeze(1)
            words = torch.ones(3, 1, dtype=torch.bool)
            batch = Batch(text, words, torch.zeros(3, 1, dtype=torch.long), pixels, mask).to(device())
            found = self(batch, lambda *_: None).words
            if not torch.isfinite(found).all():
                wrong = "gives numbers that are not finite"
            elif torch.equal(found[1], found[2]):
                wrong = "has words that do not see the image"
        except Exception as error:  # every family fails in its own way
            if no_memory(error):
                raise
            wrong = f"cannot read an image ({type(error).__name__}: {error})".split("\n")[0]
        if wrong:
            raise UserError(
                f"vision-language encoder: {self.text.model.config.model_type} {wrong} of {size} × {size} "
                "pixels. Choose another `size` or model."
            )
