"""Patch vectors of a frozen image encoder, computed once per data set."""

from pathlib import Path

import numpy
import torch
from tqdm import tqdm

from mnerflow.compute.device import autocast, device, make_deterministic
from mnerflow.compute.memory import no_memory
from mnerflow.config import ImageConfig
from mnerflow.data.image_store import ImageStore
from mnerflow.errors import UserError, quantity
from mnerflow.files.checksums import seal, sealed
from mnerflow.files.writing import atomic_path
from mnerflow.models.batch import moved
from mnerflow.models.image_encoders import ImageEncoder, new_image_encoder
from mnerflow.training.ahead import ahead

BATCH = 32


def compute_features(image: ImageConfig, store: Path, target: Path, threads: int) -> None:
    """Write ``(rows, patches, d_model)`` float16 in the order of the image store, batch by batch.

    Each batch is encoded while the previous one is written. A checksum, which ``open_features`` verifies,
    follows the array. Raises ``UserError`` if a vector has values beyond float16.
    """
    pixels, place = ImageStore(store).pixels, device()
    encoder = frozen_encoder(image, place, threads)

    def encoded(start: int) -> numpy.ndarray:
        images = pixels[start : start + BATCH]
        patches = patch_vectors(encoder, images, place)
        if not torch.isfinite(patches).all():
            raise UserError(
                f"image encoder: its vectors of images {start} to {start + len(images) - 1} have "
                "values beyond float16. Choose another encoder, or train it (`frozen: false`)."
            )
        return patches.cpu().numpy()

    starts = range(0, len(pixels), BATCH)
    with atomic_path(target) as temporary:
        # Appended, not written through a memory map: a full disk is then an error, not a crash.
        with temporary.open("wb") as file, ahead(encoded, starts) as ready:
            for number, patches in enumerate(
                tqdm(ready, "image features", len(starts), unit="batch", disable=None)
            ):
                if number == 0:
                    shape = (len(pixels), *patches.shape[1:])
                    header = {"descr": "<f2", "fortran_order": False, "shape": shape}
                    numpy.lib.format.write_array_header_1_0(file, header)
                file.write(patches.data)
        seal(temporary)


def frozen_encoder(image: ImageConfig, place: torch.device, threads: int) -> ImageEncoder:
    """Build a frozen image encoder; it is the same each time, even if it is not pretrained."""
    make_deterministic(0, threads)
    return new_image_encoder(image).to(place).eval()


@torch.inference_mode()
def patch_vectors(
    encoder: ImageEncoder, pixels: numpy.ndarray, place: torch.device, mixed: bool = True
) -> torch.Tensor:
    """Encode ``(images, size, size, 3)`` uint8, all at once, as ``(images, patches, d_model)`` float16."""
    images = moved(torch.from_numpy(numpy.array(pixels)), place)
    with autocast(place, mixed):
        return encoder(images).half().contiguous()


def open_features(path: Path, rows: int) -> numpy.memmap:
    """Map the file that ``compute_features`` wrote for a store of ``rows`` images into memory.

    Raises ``UserError`` if the file is missing, damaged or belongs to another image store.
    """
    rebuild = "Delete it and run again; it is computed anew."
    try:
        if not sealed(path):
            raise UserError(f"{path}: damaged image features: their checksum is another. {rebuild}")
        values = numpy.lib.format.open_memmap(path, mode="r")
    except (OSError, ValueError) as error:
        if no_memory(error):
            raise
        raise UserError(f"{path}: no image features can be read ({error}). {rebuild}") from error
    if len(values) != rows:
        raise UserError(
            f"{path}: features of {quantity(len(values), 'image')}, but the store has {rows:,}. {rebuild}"
        )
    return values
