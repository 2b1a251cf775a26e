"""A trained run that tags posts in memory."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from mnerflow.compute.device import device, gpu_memory, keep_shapes_of_images, layer_dtype, make_deterministic
from mnerflow.conditions import TRUE, Condition
from mnerflow.config import RunConfig
from mnerflow.data.post import Post
from mnerflow.errors import UserError, quantity
from mnerflow.evaluation.predictions import Prediction
from mnerflow.log import logger
from mnerflow.models.tagger import load_tagger
from mnerflow.training.images import ImageLookup
from mnerflow.training.inputs import encode_posts
from mnerflow.training.predict import predict


class PostPredictor:
    """A run's tagger, for posts that are already cut into words.

    ``mnerflow.Predictor`` reads raw texts and needs only the folder of a run.

    Args:
        run: the configuration that the run was trained with.
        folder: folder of ``model.safetensors``.
        images: lookup of the posts' images, for a run with an image encoder.
        place: device to compute on; by default the GPU if there is one.
        mixed: whether to compute in bf16 if the hardware does, see ``predict``; a run with weights in bf16
            always does.
        graph: ONNX graph that computes instead of PyTorch, on the processor.

    Raises:
        UserError: if the weights are damaged or of another configuration, or images are missing.
    """

    def __init__(
        self,
        run: RunConfig,
        folder: Path,
        images: ImageLookup | None = None,
        place: torch.device | None = None,
        mixed: bool = True,
        graph: Path | None = None,
    ) -> None:
        if run.image_size and images is None:
            raise UserError(f"{folder}: the run reads images. Give `images`, as `open_images` maps them.")
        if run.trains_images:
            keep_shapes_of_images()
        place = torch.device("cpu") if graph else place or device()
        if place.type == "cpu" and not mixed:
            torch.set_num_threads(run.training.threads)  # nothing is drawn; setting the rest takes seconds
        else:
            make_deterministic(run.seed, run.training.threads)
        self._run = run
        self._images = images
        d_feature = images.d_feature if images else 0
        self._tagger: Any = load_tagger(run, folder / "model.safetensors", d_feature).to(place)
        # Frozen weights in bf16 cannot be combined with fp32.
        self._mixed = mixed or any(weight.dtype is torch.bfloat16 for weight in self._tagger.parameters())
        if self._mixed and (dtype := layer_dtype(place)):  # as in training
            self._tagger.cast_layers(dtype)
        if graph:
            from mnerflow.prediction.graph import GraphTagger  # onnxruntime, which few need

            self._tagger = GraphTagger(self._tagger, graph, run.training.threads)

    def predict(self, posts: Sequence[Post], condition: Condition = TRUE) -> list[Prediction]:
        """Predict one ``Prediction`` per post, in their order, see ``predict_under``."""
        return self.predict_under([condition], posts)[condition]

    def predict_under(
        self, conditions: Sequence[Condition], posts: Sequence[Post], name: str = ""
    ) -> dict[Condition, list[Prediction]]:
        """Predict posts, in their order, under each condition, with the same trained model.

        Args:
            conditions: conditions, each with the source, if any, that is shuffled or blank.
            posts: posts; their labels, ``O`` if unknown, only enter the loss that is logged.
            name: name of the posts in the log and progress bars; no bars if it is empty.

        Raises:
            UserError: if the GPU's memory does not suffice.
        """
        inputs = encode_posts(self._run, self._tagger, posts, self._images)
        called = name or quantity(len(posts), "post")
        inputs.log_unread(called)
        max_units = self._run.training.batch_tokens
        found = {}
        for condition in conditions:
            read = inputs.under(condition, self._run.seed)
            progress = name and f"{name} {condition.name}"
            with gpu_memory(max_units):
                found[condition], loss = predict(self._tagger, read, max_units, progress, self._mixed)
            logger.info("%s, %s: loss %.4f", called, condition.name, loss)
        return found
