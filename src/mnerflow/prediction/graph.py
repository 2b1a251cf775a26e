"""A tagger that computes encoder and fusion with an ONNX graph."""

from pathlib import Path

import torch
from onnxruntime import InferenceSession, SessionOptions
from torch import Tensor, nn

from mnerflow.compute.memory import no_memory
from mnerflow.errors import UserError
from mnerflow.models.batch import Batch
from mnerflow.models.tagger import Tagger


class GraphTagger(nn.Module):
    """Computes the decoder's scores with onnxruntime; the tagger's own parts encode texts and decode scores.

    Raises ``UserError`` for a file that is no ONNX graph.

    Args:
        tagger: tagger of the run.
        file: graph of the run, as ``mnerflow export --onnx`` wrote it.
        threads: number of threads that compute.
    """

    def __init__(self, tagger: Tagger, file: Path, threads: int) -> None:
        super().__init__()
        self.encoder, self.fusion, self.decoder = tagger.encoder, tagger.fusion, tagger.decoder
        options = SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 3  # it warns of correct shapes
        try:
            self._session = InferenceSession(file, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # onnxruntime's errors have no common class
            if no_memory(error):
                raise
            said = str(error).partition("\n")[0]
            raise UserError(
                f"{file}: no ONNX graph that can be read ({said}). Export the run again."
            ) from error
        self._read = [given.name for given in self._session.get_inputs()]

    def forward(self, batch: Batch) -> Tensor:
        """Compute the decoder's scores ``(batch, words, …)``."""
        given = graph_inputs(batch)
        [scores] = self._session.run(None, {name: given[name].numpy() for name in self._read})
        return torch.from_numpy(scores)


def graph_inputs(batch: Batch) -> dict[str, Tensor]:
    """The tensors of a batch that a graph reads, by name: no labels, and images only if there are any."""
    images = {"images": batch.images, "image_mask": batch.image_mask} if batch.image_mask.numel() else {}
    return batch.text | {"word_mask": batch.word_mask} | images
