"""A run's encoder and fusion as ONNX graphs: as they are, and with 8-bit weights."""

import logging
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import cycle, islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

import onnx
import torch
from onnxruntime.quantization import quantize_dynamic
from torch import Tensor, nn
from torch.export import Dim

from mnerflow.config import RunConfig
from mnerflow.data.post import Post, read_posts
from mnerflow.data.tags import OUTSIDE
from mnerflow.errors import UserError, quantity
from mnerflow.evaluation.metrics import score
from mnerflow.evaluation.predictions import Prediction
from mnerflow.export.facts import GRAPHS, Graph
from mnerflow.models.batch import Batch
from mnerflow.models.tagger import Tagger, load_tagger
from mnerflow.plan import layout
from mnerflow.plan.layout import MODEL
from mnerflow.plan.names import Run
from mnerflow.prediction.graph import GraphTagger, graph_inputs
from mnerflow.prediction.runs import root_of
from mnerflow.record import TrainingRecord
from mnerflow.training.images import Images, open_images
from mnerflow.training.inputs import Inputs, encode_posts
from mnerflow.training.predict import predict

WHOLE, QUANTISED = "model.onnx", "model_int8.onnx"
# Words and images per post of the batches that a graph is made from. A size may vary if it differs in two of
# them. Two alone do not suffice: long posts may have as many windows as there are short posts.
LONG = ((2, 2), (3, 1), (40, 3))
SHORT = (((4, 1), (2, 2), (5, 1), (9, 2)), ((3, 1),) * 7)
MOST_CHANGED = 0.001  # of words: rounding may decide a tie differently


def save_graphs(run: Path, config: RunConfig, record: TrainingRecord, folder: Path) -> list[Graph]:
    """Write the graphs of a run into a new ``folder``, each tested on the test split.

    Raises:
        UserError: when the prepared test posts or images are missing, when no graph can be made of the run,
            and when a graph tags differently.
    """
    root = root_of(run)
    images = _images(root, config, record)
    tagger = load_tagger(config, run / MODEL, images.d_feature if images else 0).eval()
    inputs = encode_posts(config, tagger, _test_posts(run, root), images)
    expected = _predicted(tagger, inputs, config)
    folder.mkdir()
    with TemporaryDirectory() as scratch, _quietly():
        whole, quantised = folder / WHOLE, Path(scratch) / QUANTISED
        _write(tagger, config, inputs, whole)
        quantize_dynamic(whole, quantised, per_channel=True)
        graphs = [_tried(file, tagger, inputs, config, expected) for file in (whole, quantised)]
        exact, small = graphs
        if exact.words_changed > MOST_CHANGED * exact.words:
            raise UserError(
                f"{run}: the ONNX graph tags {exact.words_changed:,} of {quantity(exact.words, 'word')} of "
                "the test split unlike the run. Export it without --onnx, and please report this."
            )
        if small.shipped:
            (folder / QUANTISED).write_bytes(quantised.read_bytes())
    return graphs


class _Scores(nn.Module):
    """A tagger whose inputs have the names that ``graph_inputs`` gives, without the labels of batches."""

    def __init__(self, tagger: Tagger) -> None:
        super().__init__()
        self.tagger = tagger

    def forward(self, given: dict[str, Tensor]) -> Tensor:
        text = {
            name: value for name, value in given.items() if name not in ("word_mask", "images", "image_mask")
        }
        words = given["word_mask"]
        none = words.new_zeros(words.shape[0], 0)
        images, mask = given.get("images", none), given.get("image_mask", none)
        return self.tagger(Batch(text, words, words.long(), images, mask))


def _write(tagger: Tagger, config: RunConfig, inputs: Inputs, file: Path) -> None:
    long, *short = (graph_inputs(batch) for batch in _examples(inputs, tagger, config))
    varies = {
        name: {
            place: Dim.DYNAMIC
            for place, size in enumerate(value.shape)
            if any(other[name].shape[place] != size for other in short)
        }
        for name, value in long.items()
    }
    try:
        program: Any = torch.onnx.export(
            _Scores(tagger),
            kwargs={"given": long},
            dynamo=True,
            dynamic_shapes={"given": varies},
            input_names=[*long],
            output_names=["scores"],
            verbose=False,
        )
    except Exception as error:  # torch.export and its translation raise errors of many types
        said = str(error.__cause__ or error).strip().partition("\n")[0]
        kinds = " and ".join(part.kind for part in (config.text_encoder, config.image_encoder) if part)
        raise UserError(
            f"PyTorch makes no ONNX graph of this run ({kinds}, {config.fusion.kind}): {said}. Export it "
            "without --onnx."
        ) from error
    model = program.model_proto
    # These fields name the files of this machine that each operation comes from.
    for part in (model, model.graph, *model.graph.node, *model.functions):
        del part.metadata_props[:]
        part.ClearField("doc_string")
    for function in model.functions:
        for node in function.node:
            del node.metadata_props[:]
            node.ClearField("doc_string")
    onnx.save(model, file)


def _examples(tested: Inputs, tagger: Tagger, config: RunConfig) -> Iterator[Batch]:
    """Batches of words from the test split; all but the first have words of a single subword each."""
    counted = [
        pair
        for index, post in enumerate(tested.posts)
        for pair in zip(post.tokens, tested.subwords(index), strict=True)
    ]
    every = [word for word, _ in counted]
    short = [word for word, subwords in counted if subwords == 1] or every
    for sizes, words in ((LONG, cycle(every)), *((sizes, cycle(short)) for sizes in SHORT)):
        contexts = dict.fromkeys(config.contexts, " ".join(every[: 2 * len(sizes)]))
        posts = [Post("", [*islice(words, n)], [OUTSIDE] * n, [], contexts) for n, _ in sizes]
        rows = [[0] * shown for _, shown in sizes] if tested.images is not None else ()
        read = Inputs(posts, tagger, config.contexts, tested.images, rows, config.context_length)
        yield read.batch(range(len(posts)))


def _tried(
    file: Path, tagger: Tagger, inputs: Inputs, config: RunConfig, expected: Sequence[Prediction]
) -> Graph:
    try:
        found = _predicted(GraphTagger(tagger, file, config.training.threads), inputs, config)
    except UserError:
        raise
    except Exception as error:  # onnxruntime has errors of its own
        said = str(error).strip().partition("\n")[0]
        raise UserError(
            f"the ONNX graph of this run cannot tag the test split ({said}). Export it without --onnx, and "
            "please report this."
        ) from error
    of_graph, of_run = (
        score(predictions, tagger.decoder.tags).entity_f1 for predictions in (found, expected)
    )
    pairs = [
        tags
        for pair in zip(found, expected, strict=True)
        for tags in zip(*(p.predicted for p in pair), strict=True)
    ]
    changed = sum(one != run for one, run in pairs)
    return Graph(
        f"{GRAPHS}/{file.name}", file.stat().st_size / 1e6, of_graph, of_graph - of_run, len(pairs), changed
    )


def _predicted(tagger: Tagger | GraphTagger, inputs: Inputs, config: RunConfig) -> list[Prediction]:
    whole = cast(Tagger, tagger)  # a graph has everything of a tagger that is used here
    return predict(whole, inputs, config.training.batch_tokens, "test", mixed=False)[0]


def _test_posts(run: Path, root: Path) -> list[Post]:
    one = Run.from_folder(run.absolute())
    file = root / layout.data(one.dataset, one.filter) / "test.jsonl"
    if not file.exists():
        raise UserError(
            f"{file}: missing. A graph is tried on the prepared test posts before it is given away; "
            "run the workflow that trained the run."
        )
    return read_posts(file)


def _images(root: Path, config: RunConfig, record: TrainingRecord) -> Images | None:
    if not config.image_size:
        return None
    [index] = [Path(name) for name in record.data_sha256 if name.startswith(f"{layout.RESULTS}/images/")]
    dataset = index.parts[2]
    frozen = config.image_encoder is not None and config.image_encoder.frozen
    features = root / layout.features(dataset, record.image) if frozen else None
    pixels = root / index.parent / "images.npy"
    for file in filter(None, (pixels, features)):
        if not file.exists():
            raise UserError(f"{file}: missing. Run the workflow that trained the run.")
    return open_images(str(pixels), str(features) if features else None)


@contextmanager
def _quietly() -> Iterator[None]:
    """Hide the messages that the exporter and the quantiser have for developers."""
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(logging.NOTSET)
