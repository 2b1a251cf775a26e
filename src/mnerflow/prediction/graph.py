"""A tagger whose encoder and fusion are an ONNX graph."""

from pathlib import Path

import torch
from onnxruntime import InferenceSession, SessionOptions
from torch import Tensor, nn

from mnerflow.errors import UserError
from mnerflow.models.batch import Batch
from mnerflow.models.tagger import Tagger


class GraphTagger(nn.Module):
    """Lets onnxruntime compute the decoder's scores; the tagger's own parts cut texts and decode scores.

    Raises ``UserError`` for a file that is no graph.

    Args:
        tagger: the run's.
        file: its graph, as ``mnerflow export --onnx`` wrote it.
        threads: that compute.
    """

    def __init__(self, tagger: Tagger, file: Path, threads: int) -> None:
        super().__init__()
        self.encoder, self.fusion, self.decoder = tagger.encoder, tagger.fusion, tagger.decoder
        options = SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 3  # it warns of shapes that are right
        try:
            self._session = InferenceSession(file, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # onnxruntime's have no class in common
            said = str(error).partition("\n")[0]
            raise UserError(
                f"{file}: no ONNX graph that can be read ({said}). Export the run again."
            ) from error
        self._read = [given.name for given in self._session.get_inputs()]

    def forward(self, batch: Batch) -> Tensor:
        """Return the decoder's scores ``(batch, words, …)``."""
        given = graph_inputs(batch)
        [scores] = self._session.run(None, {name: given[name].numpy() for name in self._read})
        return torch.from_numpy(scores)


def graph_inputs(batch: Batch) -> dict[str, Tensor]:
    """What a graph reads of a batch, by name: all but the labels, and images only where there are some."""
    images = {"images": batch.images, "image_mask": batch.image_mask} if batch.image_mask.numel() else {}
    return batch.text | {"word_mask": batch.word_mask} | images
