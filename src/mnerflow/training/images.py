"""The images of a data set as a tagger reads them: pixels or precomputed features."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy

from mnerflow.data.image_store import ImageStore
from mnerflow.data.post import Post
from mnerflow.files.checksums import seal_of, sha256
from mnerflow.training.features import open_features


class ImageLookup(Protocol):
    """Interface to the images of posts, of a data set or of new texts."""

    @property
    def values(self) -> numpy.ndarray:
        """``(rows, …)`` pixels or features; row 0 is a blank image."""

    @property
    def d_feature(self) -> int:
        """Size of a feature vector; 0 for pixels."""

    def rows(self, posts: Sequence[Post]) -> list[list[int]]:
        """Rows of ``values`` with the images of each post."""


@dataclass(frozen=True)
class Images:
    """Pixels or features of a data set's images, and the row of each image.

    Attributes:
        store: store of the images.
        values: ``(rows, …)`` pixels or features; row 0 is a blank image.
        d_feature: size of a feature vector; 0 for pixels.
    """

    store: ImageStore
    values: numpy.memmap
    d_feature: int = 0

    def rows(self, posts: Sequence[Post]) -> list[list[int]]:
        """Rows of ``values`` with the images of each post."""
        return [self.store.rows(post.images) for post in posts]

    @property
    def checksum(self) -> str:
        """SHA-256 of the values. For features, gigabytes, it is the one verified when they were opened."""
        file = str(self.values.filename)
        return seal_of(file).hex() if self.d_feature else sha256(file)


def open_images(pixels: str | None, features: str | None) -> Images | None:
    """Map a data set's images into memory: the pixels of its store or, if given, features of them.

    Args:
        pixels: path of ``images.npy`` in an image store; ``None`` for a run without images.
        features: path of the file that ``compute_features`` wrote for that store; ``None`` for pixels.
    """
    if pixels is None:
        return None
    store = ImageStore(Path(pixels).parent)
    if features is None:
        return Images(store, store.pixels)
    values = open_features(Path(features), len(store.pixels))
    return Images(store, values, values.shape[-1])
