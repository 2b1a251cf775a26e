"""No fusion, for an encoder that has read text and image together."""

from mnerflow.models.fusions.text_only import TextOnly


class Joint(TextOnly):
    """Returns each word of a vision-language encoder, which has already seen the image, as it is."""

    inputs = ("joint",)
