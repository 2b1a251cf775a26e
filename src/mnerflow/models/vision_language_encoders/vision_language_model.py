"""Any transformers vision-language model (Idefics3, Qwen2-VL, …), trained through LoRA."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from transformers import AutoProcessor, PreTrainedModel, ProcessorMixin

from mnerflow.compute.device import device
from mnerflow.compute.memory import no_memory
from mnerflow.data.post import Post
from mnerflow.errors import UserError
from mnerflow.models.batch import Batch
from mnerflow.models.encoder import Encoded, PrefixOf
from mnerflow.models.padding import padded
from mnerflow.models.pretrained import SAFE, reading
from mnerflow.models.text_encoders import EncodedText
from mnerflow.models.text_encoders.language_model import Config as LanguageModelConfig
from mnerflow.models.text_encoders.language_model import LanguageModel, load_frozen
from mnerflow.models.vision_language_encoders import VisionLanguageEncoder

# What configurations call the subwords around an image, where a processor leaves them to the prompt.
AROUND = (
    ("vision_start_token_id", "vision_end_token_id"),
    ("image_start_token_id", "image_end_token_id"),
)


@dataclass(frozen=True)
class Config(LanguageModelConfig):
    """Options of a ``vision_language_model``, besides those of a ``language_model``.

    Attributes:
        image_processor: settings that stand in for those of the model's image processor, as
            ``{do_image_splitting: false}``.
    """

    image_processor: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Placeholder:
    """The subwords that stand for one image among those of a text.

    Attributes:
        ids: input ids; the model puts what it sees in the place of some.
        types: what the model takes as ``mm_token_type_ids``, 1 where it sees; ``None`` where it takes none.
        places: where among ``ids`` the model sees.
        inputs: names of the tensors of an image that the model takes.
    """

    ids: list[int]
    types: list[int] | None
    places: list[int]
    inputs: tuple[str, ...]


class VisionLanguageModel(VisionLanguageEncoder):
    """A frozen vision-language model, in whose language part adapters are trained.

    Images stand before contexts and words, so that a causal model's words see them, too. The part that sees
    stays as it is: a run without images then trains the same weights. Patches are the last layer's vectors
    where the model sees.
    """

    def __init__(self, text: LanguageModel, config: Config, processor: ProcessorMixin, size: int) -> None:
        super().__init__()
        self.text = text
        self.text.prefix_shape = self.prefix_shape  # images stand there already
        self.d_word = text.d_model
        self.size = size
        self.joint = bool(size)
        self.d_patch = text.d_model if size else 0
        self.image_processor = processor.image_processor
        self.image_settings = config.image_processor
        self.placeholder = _placeholder(processor, text.model, size, config.image_processor) if size else None

    @classmethod
    def create(cls, config: Config, size: int, weights: Path | None) -> "VisionLanguageModel":
        """Read the pretrained weights and the processor from a folder, and try the model.

        Raises ``UserError`` as ``LanguageModel.create``, and for a model that does not see images.
        """
        encoder = cls.restore(config, size, weights, {})
        encoder.text.probe()
        encoder.probe()
        return encoder

    @classmethod
    def restore(
        cls, config: Config, size: int, weights: Path | None, metadata: dict[str, Any]
    ) -> "VisionLanguageModel":
        """Read the frozen weights again, the adapters still to be loaded."""
        if config.casing:
            raise UserError(
                "vision-language encoder: it knows the casing of words. Leave its option `casing` out."
            )
        model, tokenizer = load_frozen(weights, config.four_bit)
        language = model.get_decoder()
        if language is model or model.config.is_encoder_decoder:
            raise UserError(
                f"{weights}: {model.config.model_type} is no vision-language model with one decoder. Choose "
                "another one, or name it among `text_encoders`."
            )
        with reading(weights, "processor of images can be read from this folder", "Correct the `source`."):
            processor = AutoProcessor.from_pretrained(weights, **SAFE)
            text = LanguageModel.adapted(config, tokenizer, model, language)
            return cls(text, config, processor, size)

    def parts(self) -> dict[str, nn.Module]:
        """All of it learns as text: what is trained are adapters of its language model."""
        return {"text": self.text}

    def encode(self, posts: Sequence[Post], contexts: Sequence[str]) -> list[EncodedText]:
        """As a language model does; images come in when posts are collated."""
        return self.text.encode(posts, contexts)

    def cost(self, length: int, images: int) -> int:
        """Units of text and of images."""
        return length + images * len(self.placeholder.ids if self.placeholder else ())

    def collate(self, texts: Sequence[EncodedText], images: Sequence[int]) -> dict[str, Tensor]:
        """Pad as a language model does, the placeholders of a post's images before each of its windows.

        Where the model is shown images, besides: ``patches``, ``patch_mask`` ``(batch, patches)``, indices
        into the flattened windows, and what the model takes as ``mm_token_type_ids`` ``(windows, subwords)``.
        """
        if self.placeholder is None:
            return self.text.collate(texts)
        one, start = self.placeholder, len(self.text.before)
        shown = [self._shown(text, count) for text, count in zip(texts, images, strict=True)]
        batch = self.text.collate(shown)
        width, first_row, patches = batch["input_ids"].shape[1], 0, []
        for text, count in zip(shown, images, strict=True):
            first = first_row * width + start
            patches.append([first + image * len(one.ids) + at for image in range(count) for at in one.places])
            first_row += len(text.windows)
        # As of images: a batch needs a place for a patch, which is masked where no post has one.
        batch["patches"] = padded([own or [0] for own in patches])
        batch["patch_mask"] = padded([[1] * len(own) or [0] for own in patches]).bool()
        if one.types is not None:
            pairs = zip(shown, images, strict=True)
            rows = [[0] * start + one.types * count for text, count in pairs for _ in text.windows]
            types = padded([row + [0] * (width - len(row)) for row in rows])
            batch["mm_token_type_ids"] = types
        return batch

    def _shown(self, text: EncodedText, images: int) -> EncodedText:
        """The text with the placeholders of so many images in each of its windows."""
        ids, start = self.placeholder.ids * images, len(self.text.before)
        windows = [[*row[:start], *ids, *row[start:]] for row in text.windows]
        words = [[(window, place + len(ids)) for window, place in units] for units in text.words]
        return replace(text, windows=windows, words=words)

    def forward(self, batch: Batch, prefix: PrefixOf) -> Encoded:
        """Return words that saw the images, and patches; words alone where it is shown no images."""
        text, besides = batch.text, {}
        if self.placeholder is not None:
            besides = {name: text[name] for name in ("mm_token_type_ids",) if name in text}
            besides |= self._seen(batch.images[text["posts"]], batch.image_mask[text["posts"]])
        hidden = self.text.hidden(text, **besides)
        words = self.text.pooled(hidden, text)
        if self.placeholder is None:
            return Encoded(words)
        return Encoded(words, hidden.flatten(0, 1)[text["patches"]], text["patch_mask"])

    def _seen(self, images: Tensor, image_mask: Tensor) -> dict[str, Tensor]:
        """What the model takes of images ``(windows, images, height, width, 3)`` uint8."""
        pixels = [*images[image_mask].permute(0, 3, 1, 2)]
        if not pixels:
            return {}
        seen = self.image_processor(pixels, return_tensors="pt", **self.image_settings)
        return {name: seen[name].to(images.device) for name in self.placeholder.inputs}

    def metadata(self) -> dict[str, Any]:
        """Nothing: what it is stands in the folder of its weights."""
        return self.text.metadata()

    @torch.no_grad()
    def probe(self) -> None:
        """Try the model on images of this size; raises ``UserError`` where it cannot read or see them."""
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


def _placeholder(
    processor: ProcessorMixin, model: PreTrainedModel, size: int, settings: dict[str, Any]
) -> Placeholder:
    """What the processor puts in the place of an image of ``size`` × ``size`` pixels.

    Raises ``UserError`` where that is nothing that a model could see.
    """
    image = torch.zeros(3, size, size, dtype=torch.uint8)
    found = processor(text=[processor.image_token], images=[image], add_special_tokens=False, **settings)
    [ids], [types] = found["input_ids"], found.get("mm_token_type_ids", [None])
    for start, end in AROUND:
        first, last = getattr(model.config, start, None), getattr(model.config, end, None)
        if first is not None and last is not None and first not in ids:
            ids = [first, *ids, last]
            types = types and [0, *types, 0]
    seen = processor.tokenizer.convert_tokens_to_ids(processor.image_token)
    places = [place for place, one in enumerate(ids) if one == seen]
    if not places:
        raise UserError(
            f"vision-language encoder: the processor of {model.config.model_type} puts no "
            f"{processor.image_token!r} in the place of an image. Choose another model."
        )
    texts = {"input_ids", "attention_mask", "token_type_ids", "mm_token_type_ids"}
    return Placeholder(ids, types, places, tuple(name for name in found if name not in texts))
