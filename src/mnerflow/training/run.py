"""One training run, from prepared files to saved weights."""

import hashlib
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mnerflow.compute.device import autocast_dtype, device, keep_shapes_of_images, make_deterministic
from mnerflow.compute.memory import peak_memory_mib
from mnerflow.conditions import Condition
from mnerflow.config import RunConfig, plain
from mnerflow.data.post import Post, read_posts
from mnerflow.errors import UserError, quantity
from mnerflow.files.checksums import sha256
from mnerflow.files.json_text import read_json
from mnerflow.log import logger
from mnerflow.models.tagger import new_tagger
from mnerflow.models.weights import ORIGIN
from mnerflow.plan.settings import training_modules
from mnerflow.record import RECORD, TrainingRecord
from mnerflow.record.origin import PACKAGES, versions
from mnerflow.training.checkpoint import remove_checkpoints
from mnerflow.training.images import Images
from mnerflow.training.inputs import encode_posts
from mnerflow.training.loop import Trainer, best_epoch, write_history
from mnerflow.training.meter import Meter
from mnerflow.training.provenance import provenance


def train_run(
    run: RunConfig,
    train_file: Path,
    dev_file: Path,
    images: Images | None,
    folder: Path,
    about: dict[str, Any],
    code: str = "",
) -> None:
    """Train a run and write ``history.csv``, ``run.yaml`` and, last, ``model.safetensors`` into ``folder``.

    Args:
        run: the run's configuration.
        train_file: prepared training posts.
        dev_file: prepared development posts.
        images: images of the data set, for a run that reads them.
        folder: the run's folder; it contains a checkpoint during training.
        about: further fields of ``run.yaml`` (names, data set).
        code: hash of the code. A checkpoint is ignored if code, configuration, data, starting weights, kind
            of device or versions of packages have changed.

    Raises ``UserError`` if no training post can be used.
    """
    meter = Meter(device())
    if run.trains_images:
        keep_shapes_of_images()
    make_deterministic(run.seed, run.training.threads)
    posts, dev_posts = read_posts(train_file), read_posts(dev_file)
    _check_contexts(posts, run.contexts, train_file)
    posts = sample_posts(posts, run.train_fraction, run.seed)
    posts, left_out = _usable(posts, images, train_file)
    tagger = new_tagger(run, posts, images.d_feature if images else 0).to(device())
    training, dev = (encode_posts(run, tagger, split, images) for split in (posts, dev_posts))
    for condition in map(Condition.named, run.train_with):
        training, dev = (split.under(condition, run.seed) for split in (training, dev))
    splits = (train_file, training), (dev_file, dev)
    for file, split in splits:
        split.log_unread(file.stem)
    trained = sum(weight.numel() for weight in tagger.parameters() if weight.requires_grad)
    logger.info(
        "training posts: %d, dev posts: %d, %.1f M weights on %s",
        len(posts),
        len(dev_posts),
        trained / 1e6,
        device(),
    )
    checkpoint = folder / "checkpoint.pt"
    data = [train_file, dev_file, *([images.store.folder / "index.csv"] if images else [])]
    weights = {str(file): sha256(file) for file in _pretrained(run)}
    identity = _identity(run, code, weights, data, images)
    trainer = Trainer(tagger, training, dev, run.training, run.seed, meter, checkpoint, identity)
    history = trainer.train()
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
        entities_lost={file.stem: split.entities_lost for file, split in splits},
        contexts_cut={file.stem: split.contexts_cut for file, split in splits if split.contexts_cut},
        unread={file.stem: split.unread for file, split in splits if split.texts is not None},
        parameters_trained=trained,
        epochs_run=len(history),
        best_epoch=best_epoch(history, run.training),
        peak_memory_mib=peak_memory_mib(),
    )
    record.write(folder / RECORD)
    tagger.save(folder / "model.safetensors")
    remove_checkpoints(checkpoint)


def _identity(
    run: RunConfig, code: str, weights: dict[str, str], data: Sequence[Path], images: Images | None
) -> str:
    """A hash of everything that a checkpoint depends on."""
    machine = device().type, autocast_dtype(device()), versions(PACKAGES)
    read = [*map(sha256, data), *([images.checksum] if images else [])]
    return hashlib.sha256(repr((run, code, machine, weights, *read)).encode()).hexdigest()


def sample_posts(posts: Sequence[Post], fraction: float, seed: int) -> list[Post]:
    """Draw a share of the training posts, at least one, in their order.

    With the same seed, a smaller share is part of a larger one.
    """
    order = random.Random(f"{seed}/train_fraction").sample(range(len(posts)), len(posts))
    return [posts[index] for index in sorted(order[: max(1, round(fraction * len(posts)))])]


def _check_contexts(posts: Sequence[Post], contexts: Sequence[str], file: Path) -> None:
    """Raise ``UserError`` if not one training post has a context that the run reads."""
    for name in contexts:
        if not any(name in post.contexts for post in posts):
            raise UserError(
                f"{file}: no training post has the context {name!r} ({quantity(len(posts), 'post')}), "
                "but the variant reads it. Give the data set one, or leave out the variants that read it."
            )


def _usable(posts: Sequence[Post], images: Images | None, file: Path) -> tuple[list[Post], list[str]]:
    """The training posts that can be learnt from, and the ids of the others.

    Raises ``UserError`` if no post is left.
    """
    imageless = {post.id for post in posts if images and images.store.lost(post.images)}
    wordless = {post.id for post in posts if not post.kept and post.id not in imageless}
    for lacking, ids in (("a usable image", imageless), ("a word", wordless)):
        if ids:
            logger.info("left out, without %s: %d (%s)", lacking, len(ids), ", ".join(sorted(ids)))
    if len(imageless) == len(posts):
        raise UserError(
            f"{file}: no training post has a usable image ({quantity(len(posts), 'post')}), and the policy "
            "`drop` leaves such posts out. Mend the images, or choose `images: {broken: blank}`."
        )
    usable = [post for post in posts if post.id not in imageless | wordless]
    if not usable:
        raise UserError(f"{file}: no training post has a word left. Choose a milder filter.")
    return usable, [post.id for post in posts if post.id in imageless | wordless]


def _weights_folders(run: RunConfig) -> list[Path]:
    return [Path(part.weights) for part in run.encoders if part.weights]


def _origins(run: RunConfig) -> dict[str, Any]:
    """Source, revision and commit that ``fetch_weights`` recorded for a run's pretrained models."""
    folders = _weights_folders(run)
    return {str(folder): read_json(folder / ORIGIN) for folder in folders if (folder / ORIGIN).exists()}


def _pretrained(run: RunConfig) -> list[Path]:
    """The files that a run's initial weights come from: pretrained models and the run that it starts from."""
    files = [
        file for folder in _weights_folders(run) for file in sorted(folder.glob("[!.]*")) if file.is_file()
    ]
    return files + ([Path(run.init_from)] if run.init_from else [])
