"""The encoder has read text and image together; there is nothing left to fuse."""

from mnerflow.models.fusions.text_only import TextOnly


class Joint(TextOnly):
    """Leaves each word as it is, which has seen the image: of a vision-language encoder alone."""

    inputs = ("joint",)
