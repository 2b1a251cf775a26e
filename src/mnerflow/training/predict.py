"""Predictions of a tagger for every word of a split."""

import torch
from tqdm import tqdm

from mnerflow.compute.device import autocast
from mnerflow.data.tags import OUTSIDE
from mnerflow.evaluation.predictions import Prediction
from mnerflow.models.tagger import Tagger
from mnerflow.training.ahead import ahead
from mnerflow.training.inputs import Inputs
from mnerflow.training.preemption import leave_if_preempted


@torch.inference_mode()
def predict(
    tagger: Tagger, inputs: Inputs, max_units: int, progress: str = "", mixed: bool = True
) -> tuple[list[Prediction], float]:
    """Predict all posts, in their order; returns the predictions and the mean loss per word.

    A token that a filter dropped is predicted as ``O`` and counts in every score. Raises ``Preempted``
    between two batches if the process was asked to end.

    Args:
        tagger: tagger in any mode; it is left in evaluation mode.
        inputs: the split.
        max_units: padded units that training computes at once; without gradients, four times as many fit.
        progress: title of a progress bar; none if it is empty.
        mixed: whether to compute in bf16 if the hardware does. Rounding then depends on the other posts of a
            batch.
    """
    tagger.eval()
    device = next(tagger.parameters()).device
    predictions = [
        Prediction(post.id, post.tokens, post.labels, [OUTSIDE] * len(post.tokens), inputs.subwords(index))
        for index, post in enumerate(inputs.posts)
    ]
    # A filter may have dropped every token of a post.
    readable = [index for index, post in enumerate(inputs.posts) if post.kept]
    loss, words = 0.0, 0
    bar = tqdm(total=len(inputs.posts), desc=progress, unit="post", disable=None if progress else True)
    pieces = inputs.pieces(readable, 4 * max_units)
    with ahead(lambda chosen: inputs.batch(chosen).to(device), pieces) as ready:
        for chosen, batch in zip(pieces, ready, strict=True):
            with autocast(device, mixed):
                scores = tagger(batch)
            count = inputs.words(chosen)
            loss += float(tagger.decoder.loss(scores, batch.labels, batch.word_mask)) * count
            words += count
            weights = tagger.fusion.image_weight
            for row, decoded in enumerate(tagger.decoder.decode(scores, batch.word_mask)):
                post, prediction = inputs.posts[chosen[row]], predictions[chosen[row]]
                prediction.confidence = [None] * len(post.tokens)
                for position, tag, sure in zip(post.kept, decoded.tags, decoded.confidence, strict=True):
                    prediction.predicted[position] = tag
                    prediction.confidence[position] = round(sure, 4)
                if len(post.kept) == len(post.tokens):  # otherwise, dropped tokens may split entities
                    prediction.entity_confidence = [round(sure, 4) for sure in decoded.entities]
                if weights is not None:
                    prediction.image_weight = [None] * len(post.tokens)
                    for position, weight in zip(post.kept, weights[row].tolist(), strict=False):
                        prediction.image_weight[position] = round(weight, 4)
            bar.update(len(chosen))
            leave_if_preempted()
    bar.close()
    return predictions, loss / max(1, words)
