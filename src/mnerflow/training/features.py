"""Patch vectors of a frozen image encoder, computed once a data set."""

from pathlib import Path

import numpy
import torch
from tqdm import tqdm

from mnerflow.config import ImageConfig
from mnerflow.data.images import ImageStore
from mnerflow.files import atomic_path
from mnerflow.models.tagger import new_image_encoder
from mnerflow.training.device import autocast, device, seed_everything


@torch.inference_mode()
def compute_features(image: ImageConfig, store: Path, target: Path, threads: int, batch: int = 32) -> None:
    """Write ``(rows, patches, d_model)`` float16 in the order of the image store, a batch at a time."""
    seed_everything(0, threads)
    pixels = ImageStore(store).pixels
    place = device()
    encoder = new_image_encoder(image).to(place).eval()
    with atomic_path(target) as temporary:
        features = None
        for start in tqdm(range(0, len(pixels), batch), "image features", unit="batch", disable=None):
            images = torch.from_numpy(numpy.array(pixels[start : start + batch])).to(place)
            with autocast(place):
                patches = encoder(images).half().cpu().numpy()
            if features is None:
                shape = (len(pixels), *patches.shape[1:])
                features = numpy.lib.format.open_memmap(temporary, "w+", numpy.float16, shape)
            features[start : start + len(patches)] = patches
        features.flush()
