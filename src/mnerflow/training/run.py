"""One training run from prepared files to saved weights, and from saved weights to predictions."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy

from mnerflow.compute.device import autocast_dtype, device, gpu_memory, seed_everything
from mnerflow.compute.memory import peak_memory_mib
from mnerflow.config import RunConfig, build, plain
from mnerflow.data.image_store import ImageStore
from mnerflow.data.post import Post, read_posts
from mnerflow.errors import UserError
from mnerflow.evaluation.predictions import write_predictions
from mnerflow.files import read_json, seal_of, sha256
from mnerflow.grid import training_modules
from mnerflow.log import logger
from mnerflow.models.tagger import Tagger, load_tagger, new_tagger
from mnerflow.models.weights import ORIGIN
from mnerflow.provenance import PACKAGES, versions
from mnerflow.record import RECORD, TrainingRecord
from mnerflow.training.checkpoint import remove_checkpoints
from mnerflow.training.features import open_features
from mnerflow.training.inputs import Condition, Inputs, image_rows
from mnerflow.training.loop import best_epoch, train, write_history
from mnerflow.training.meter import Meter
from mnerflow.training.predict import predict
from mnerflow.training.preemption import preemptible
from mnerflow.training.provenance import provenance


@dataclass(frozen=True)
class Images:
    """Pixels or features of a data set's images, and which row holds which image."""

    store: ImageStore
    values: numpy.ndarray
    d_feature: int = 0

    def rows(self, posts: Sequence[Post]) -> list[list[int]]:
        """Rows of every post's images."""
        return [self.store.rows(post.images) for post in posts]

    @property
    def checksum(self) -> str:
        """SHA-256 of the values; that of features, gigabytes, was compared when they were opened."""
        file = self.values.filename
        return seal_of(file).hex() if self.d_feature else sha256(file)


def open_images(pixels: str | None, features: str | None) -> Images | None:
    """Map a data set's images into memory: the pixels of its store or, where given, features of them.

    Args:
        pixels: ``images.npy`` of an image store; nothing for a run without images.
        features: what ``compute_features`` wrote for that store.
    """
    if pixels is None:
        return None
    store = ImageStore(Path(pixels).parent)
    if features is None:
        return Images(store, store.pixels)
    values = open_features(Path(features), len(store.pixels))
    return Images(store, values, values.shape[-1])


def train_job(
    *,
    values: dict[str, Any],
    train: str,
    dev: str,
    pixels: str | None,
    features: str | None,
    folder: str,
    about: dict[str, Any],
    code: str,
) -> None:
    """Do as ``train_run``, of what JSON can say: plain ``values`` of a ``RunConfig`` and paths.

    Leaves in good order when it is asked to end.
    """
    run = build(RunConfig, values, folder)
    images = open_images(pixels, features)
    with preemptible(), gpu_memory(run.training.batch_tokens):
        train_run(run, Path(train), Path(dev), images, Path(folder), about, code)


def train_run(
    run: RunConfig,
    train_file: Path,
    dev_file: Path,
    images: Images | None,
    folder: Path,
    about: dict[str, Any],
    code: str = "",
) -> None:
    """Train and write ``history.csv``, ``run.yaml`` and, last, ``model.safetensors`` into ``folder``.

    Args:
        run: the configuration.
        train_file: prepared training posts.
        dev_file: prepared development posts.
        images: of the data set, for a run with an image encoder.
        folder: the run's folder; a checkpoint lies in it while training lasts.
        about: what else ``run.yaml`` says of the run (names, data set).
        code: hash of the code; a checkpoint of other code, configuration, data, starting weights, kind of
            device or versions of packages is not gone on from.
    """
    meter = Meter(device())
    seed_everything(run.seed, run.training.threads)
    posts, dev_posts = read_posts(train_file), read_posts(dev_file)
    posts, left_out = _usable(posts, images, bool(run.contexts), train_file)
    tagger = new_tagger(run, posts, images.d_feature if images else 0).to(device())
    lost = {
        file.stem: _lost(tagger, split, file) for file, split in ((train_file, posts), (dev_file, dev_posts))
    }
    training, dev = (_inputs(tagger, run, split, images) for split in (posts, dev_posts))
    trained = sum(weight.numel() for weight in tagger.parameters() if weight.requires_grad)
    logger.info(
        "%d training posts, %d dev posts, %.1f M weights on %s",
        len(posts),
        len(dev_posts),
        trained / 1e6,
        device(),
    )
    checkpoint = folder / "checkpoint.pt"
    data = [train_file, dev_file, *([images.store.folder / "index.csv"] if images else [])]
    weights = {str(file): sha256(file) for file in _pretrained(run)}
    read = [*map(sha256, data), *([images.checksum] if images else [])]
    machine = device().type, autocast_dtype(device()), versions(PACKAGES)
    identity = hashlib.sha256(repr((run, code, machine, weights, *read)).encode()).hexdigest()
    history = train(tagger, training, dev, run.training, run.seed, meter, checkpoint, identity)
    write_history(folder / "history.csv", history)
    config = plain(run)
    record = TrainingRecord(
        **about,
        **provenance(device(), training_modules(config), data),
        **meter.spent(),
        config=config,
        weights_sha256=weights,
        weights_from=_origins(run),
        training_posts=len(posts),
        posts_left_out=left_out,
        entities_lost=lost,
        parameters_trained=trained,
        epochs_run=len(history),
        best_epoch=best_epoch(history, run.training),
        peak_memory_mib=peak_memory_mib(),
    )
    record.write(folder / RECORD)
    tagger.save(folder / "model.safetensors")
    remove_checkpoints(checkpoint)


def _usable(
    posts: Sequence[Post], images: Images | None, captions: bool, file: Path
) -> tuple[list[Post], list[str]]:
    """The training posts that can be learnt from, and the ids of those left out."""
    imageless = {post.id for post in posts if images and images.store.lost(post.images)}
    wordless = {post.id for post in posts if not post.kept and post.id not in imageless}
    for lacking, ids in (("a usable image", imageless), ("a word", wordless)):
        if ids:
            logger.info("%d posts without %s are left out: %s", len(ids), lacking, ", ".join(sorted(ids)))
    if len(imageless) == len(posts):
        raise UserError(
            f"{file}: not one training post has a usable image, and the policy `drop` leaves such posts out. "
            "Mend the images, or choose `images: {broken: blank}`."
        )
    usable = [post for post in posts if post.id not in imageless | wordless]
    if not usable:
        raise UserError(f"{file}: no training post has a word left. Choose a milder filter.")
    if captions and not any(post.caption for post in usable):
        raise UserError(
            f"{file}: not one training post has a caption, but the variant reads them. Give the data set "
            "`captions`, or leave out the variants that read them."
        )
    return usable, [post.id for post in posts if post.id in imageless | wordless]


def _lost(tagger: Tagger, posts: Sequence[Post], file: Path) -> int:
    """How many entities of a split the decoder can neither learn nor predict."""
    lost = sum(tagger.decoder.lost([post.labels[index] for index in post.kept]) for post in posts)
    if lost:
        logger.warning("%s: %d entities are beyond what the decoder can predict", file, lost)
    return lost


def predict_job(
    *,
    values: dict[str, Any],
    pixels: str | None,
    features: str | None,
    folder: str,
    outputs: dict[str, dict[Condition, str]],
) -> None:
    """Do as ``predict_run`` for each split file in ``outputs``, of what JSON can say."""
    run = build(RunConfig, values, folder)
    images = open_images(pixels, features)
    for split_file, paths in outputs.items():
        to = {condition: Path(path) for condition, path in paths.items()}
        with gpu_memory(run.training.batch_tokens):
            predict_run(run, Path(split_file), images, Path(folder), to)


def predict_run(
    run: RunConfig, split_file: Path, images: Images | None, folder: Path, outputs: dict[Condition, Path]
) -> None:
    """Predict one split under each asked image condition with the weights in ``folder``."""
    seed_everything(run.seed, run.training.threads)
    posts = read_posts(split_file)
    tagger = load_tagger(run, folder / "model.safetensors", images.d_feature if images else 0).to(device())
    _lost(tagger, posts, split_file)
    inputs = _inputs(tagger, run, posts, images)
    own = inputs.rows
    for condition, path in outputs.items():
        inputs.rows = image_rows(own, condition, run.seed)
        progress = f"{split_file.stem} {condition}"
        predictions, loss = predict(tagger, inputs, run.training.batch_tokens, progress)
        write_predictions(path, predictions)
        logger.info("%s, image %s: loss %.4f", path.name, condition, loss)


def _weights_folders(run: RunConfig) -> list[Path]:
    return [Path(part.weights) for part in (run.text_encoder, run.image_encoder) if part and part.weights]


def _origins(run: RunConfig) -> dict[str, Any]:
    """What ``fetch_weights`` noted of a run's pretrained models: source, revision, commit."""
    folders = _weights_folders(run)
    return {str(folder): read_json(folder / ORIGIN) for folder in folders if (folder / ORIGIN).exists()}


def _pretrained(run: RunConfig) -> list[Path]:
    """The files that a run's weights come from: pretrained models, the run that it starts from."""
    files = [
        file for folder in _weights_folders(run) for file in sorted(folder.glob("[!.]*")) if file.is_file()
    ]
    return files + ([Path(run.init_from)] if run.init_from else [])


def _inputs(tagger: Tagger, run: RunConfig, posts: Sequence[Post], images: Images | None) -> Inputs:
    if images is None:
        return Inputs(posts, tagger, bool(run.contexts))
    return Inputs(posts, tagger, bool(run.contexts), images.values, images.rows(posts))
