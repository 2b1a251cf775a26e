"""Images of new texts, decoded in memory for one chunk of texts at a time."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy
import torch

from mnerflow.config import RunConfig
from mnerflow.data.config import Fit
from mnerflow.data.download import fetch
from mnerflow.data.image import BLANK_COLOUR, BrokenImage, decode
from mnerflow.data.image_store import BLANK_ROW
from mnerflow.data.post import Post
from mnerflow.errors import UserError
from mnerflow.prediction.texts import ADDRESSES
from mnerflow.training.features import BATCH, frozen_encoder, patch_vectors

THREADS = 2  # number of threads that decode images
MOST_BYTES = 20 * 2**20  # size limit of an image that is fetched


class Pictures:
    """The images of one chunk of texts as a run reads them: a ``training.images.ImageLookup``.

    Attributes:
        values: ``(rows, …)`` pixels or, for a frozen image encoder, patch vectors; row 0 is a blank image.
        d_feature: size of a patch vector; 0 for pixels.
    """

    def __init__(self, run: RunConfig, fit: Fit, place: torch.device) -> None:
        self._size, self._fit, self._place = run.image_size, fit, place
        image, threads = run.image_encoder, run.training.threads
        self._encoder = frozen_encoder(image, place, threads) if image and image.frozen else None
        self.d_feature = self._encoder.d_model if self._encoder else 0
        blank = numpy.full((1, self._size, self._size, 3), BLANK_COLOUR, numpy.uint8)
        self._blank = self._read(blank)
        self.values = self._blank
        self._rows: dict[str, int] = {}

    def rows(self, posts: Sequence[Post]) -> list[list[int]]:
        """Rows of ``values`` with the images of each post, as of the last ``load``."""
        return [[self._rows[name] for name in post.images] for post in posts]

    def load(self, pictures: Mapping[str, tuple[Path, str]]) -> dict[str, str]:
        """Read these images instead of those before; each name maps to a folder and a file below it.

        A file that is an address is fetched. Returns the reason for each image that cannot be used; it gets
        the row of the blank image.
        """
        problems: dict[str, str] = {}
        found: list[numpy.ndarray] = []
        self._rows = {}
        with TemporaryDirectory() as scratch, ThreadPoolExecutor(THREADS) as pool:
            places = [(Path(scratch), number, *place) for number, place in enumerate(pictures.values())]
            for name, result in zip(pictures, pool.map(self._decoded, places), strict=True):
                if isinstance(result, str):
                    problems[name], self._rows[name] = result, BLANK_ROW
                else:
                    found.append(result)
                    self._rows[name] = len(found)
        batches = [
            self._read(numpy.stack(found[start : start + BATCH])) for start in range(0, len(found), BATCH)
        ]
        self.values = numpy.concatenate([self._blank, *batches])
        return problems

    def _decoded(self, picture: tuple[Path, int, Path, str]) -> numpy.ndarray | str:
        """Pixels of an image, or the reason why there are none."""
        scratch, number, folder, name = picture
        try:
            if name.startswith(ADDRESSES):
                fetch(name, scratch / str(number), max_bytes=MOST_BYTES)
                folder, name = scratch, str(number)
            return decode(folder, name, self._size, self._fit)[0]
        except BrokenImage as reason:
            return str(reason)
        except UserError as error:  # only what is wrong: the advice after it is about data sets
            return str(error).partition(". ")[0].removeprefix(f"{name}: ")

    def _read(self, pixels: numpy.ndarray) -> numpy.ndarray:
        if self._encoder is None:
            return pixels
        return patch_vectors(self._encoder, pixels, self._place, mixed=False).cpu().numpy()
