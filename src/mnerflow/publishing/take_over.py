"""Take over a published run instead of training it, with the words of the posts that it was trained on."""

from collections.abc import Sequence
from pathlib import Path

from mnerflow.data.post import read_posts, sum_of_read
from mnerflow.errors import UserError
from mnerflow.evaluation.predictions import Predictions
from mnerflow.files.checksums import sha256
from mnerflow.log import logger
from mnerflow.plan.kept_weights import DROPPED
from mnerflow.plan.layout import MODEL
from mnerflow.plan.names import Run
from mnerflow.publishing.checksums import check_sums
from mnerflow.publishing.packed import PACKED
from mnerflow.publishing.published_runs import read_run, write_run
from mnerflow.record import TrainingRecord


def take_over(published: Path, run: Run, results: Path, data: Path) -> None:
    """Unpack one published run into ``results``, replacing one that was trained there with other settings.

    Args:
        published: folder of published results.
        run: the run to unpack.
        results: folder in which the run's folder is made.
        data: folder of the prepared posts, whose words are put into the predictions.

    Raises:
        UserError: when the run's files do not match ``SHA256SUMS``, and when the posts are not those that it
            was trained on or predicted.
    """
    packed, folder = published / "runs" / run.path, results / "runs" / run.path
    check_sums(published, packed)
    record, predictions = read_run(packed)
    _check_data(packed, record, data)
    _fill_words(packed, predictions, data)
    # Removed first: beside the new record, they would pass for weights that were trained with its settings.
    (folder / DROPPED).unlink(missing_ok=True)
    if (folder / MODEL).exists():
        (folder / MODEL).unlink()
        logger.warning("%s: removed, it was trained with other settings", folder / MODEL)
    write_run(packed, folder, predictions)


def _check_data(packed: Path, record: TrainingRecord, data: Path) -> None:
    """Raise ``UserError`` if the posts in ``data`` are not those that the run was trained on.

    Contexts that were added to the posts since, and that the run does not read, make no difference.
    """
    for name, checksum in record.data_sha256.items():
        file = data / Path(name).name
        if file.suffix == ".jsonl" and not _is_of(file, checksum, record.config.get("contexts", ())):
            raise UserError(
                f"{packed}: {file} is not what this run was trained on. Prepare it as it was, or "
                "train anew with `--config published=`."
            )


def _fill_words(packed: Path, predictions: Predictions, data: Path) -> None:
    """Put the posts' words into predictions; raises ``UserError`` for a post that is not in ``data``."""
    for split in {split for split, _ in predictions}:
        posts = {post.id: post for post in read_posts(data / f"{split}.jsonl")}
        for prediction in (each for which in predictions if which[0] == split for each in predictions[which]):
            post = posts.get(prediction.id)
            if post is None or post.labels != prediction.labels:
                raise UserError(
                    f"{packed / PACKED}: post {prediction.id!r} does not stand in {data} with these "
                    "labels. Prepare the data as it was, or train anew with `--config published=`."
                )
            prediction.tokens = post.tokens


def _is_of(posts: Path, checksum: str, contexts: Sequence[str]) -> bool:
    """Whether prepared posts have the checksum, as they are or with only these ``contexts``."""
    return posts.is_file() and checksum in (sha256(posts), sum_of_read(posts, contexts))
