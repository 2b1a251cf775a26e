"""The subwords that stand for an image in a text."""

from dataclasses import dataclass, replace
from typing import Any

import torch
from transformers import PreTrainedConfig

from mnerflow.errors import UserError
from mnerflow.models.text_encoders import EncodedText

# Names that configurations give to the subwords around an image, if a processor leaves them to the prompt.
AROUND = (
    ("vision_start_token_id", "vision_end_token_id"),
    ("image_start_token_id", "image_end_token_id"),
)
# Names that models give to the numbers that tell subwords of images from those of text.
TYPES = ("mm_token_type_ids", "token_type_ids")


@dataclass(frozen=True)
class Placeholder:
    """The subwords of one image.

    Attributes:
        ids: input ids; the model replaces some of them by what it sees.
        places: positions among ``ids`` that the model replaces.
        types: values of an input of ``TYPES``, by its name: 1 at the positions that the model replaces.
        inputs: names of the image tensors that the model takes.
    """

    ids: list[int]
    places: list[int]
    types: dict[str, list[int]]
    inputs: tuple[str, ...]

    def put(self, text: EncodedText, images: int, start: int) -> EncodedText:
        """Insert this many images at position ``start`` of each of the text's windows."""
        ids = self.ids * images
        windows = [[*row[:start], *ids, *row[start:]] for row in text.windows]
        words = [[(window, place + len(ids)) for window, place in units] for units in text.words]
        return replace(text, windows=windows, words=words)


def placeholder_of(
    processor: Any, model: PreTrainedConfig, size: int, settings: dict[str, Any]
) -> Placeholder:
    """Find out what a model's processor makes of an image of ``size`` × ``size`` pixels.

    The processor is untyped, because no type declares what those of all families have, such as an
    ``image_token``. ``settings`` override those of its image processor. Raises ``UserError`` if the model
    could see nothing in the result.
    """
    image = torch.zeros(3, size, size, dtype=torch.uint8)
    found = processor(text=[processor.image_token], images=[image], add_special_tokens=False, **settings)
    [ids] = found["input_ids"]
    types = {name: found[name][0] for name in TYPES if name in found and any(found[name][0])}
    for start, end in AROUND:
        first, last = getattr(model, start, None), getattr(model, end, None)
        if first is not None and last is not None and first not in ids:
            ids = [first, *ids, last]
            types = {name: [0, *values, 0] for name, values in types.items()}
    places = [place for place, one in enumerate(ids) if one in processor.image_token_ids]
    if not places:
        raise UserError(
            f"vision-language encoder: the processor of {model.model_type} puts nothing in the place of an "
            "image that the model could see. Choose another model."
        )
    inputs = tuple(name for name in found if name not in ("input_ids", "attention_mask", *TYPES))
    return Placeholder(ids, places, types, inputs)
