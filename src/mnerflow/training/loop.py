"""The training loop, from the first step to the weights of the best epoch."""

import copy
import logging
import math
import time
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

import torch
from tqdm import tqdm

from mnerflow.compute.device import autocast, layer_dtype, seed_step
from mnerflow.compute.memory import FreedMemory
from mnerflow.config import TrainingConfig
from mnerflow.errors import UserError
from mnerflow.evaluation.metrics import Scores, score
from mnerflow.files.csv_text import csv_text
from mnerflow.files.writing import write_text
from mnerflow.log import logger
from mnerflow.models.batch import Batch
from mnerflow.models.tagger import Tagger
from mnerflow.training.ahead import ahead
from mnerflow.training.batches import shuffled_batches
from mnerflow.training.checkpoint import load_checkpoint, save_checkpoint
from mnerflow.training.inputs import Inputs
from mnerflow.training.meter import Meter
from mnerflow.training.optimizer import Optimizer
from mnerflow.training.predict import predict
from mnerflow.training.preemption import Preempted, preempted


@dataclass
class Epoch:
    """A row of ``history.csv``: losses are means per word, scores are fractions of 1."""

    epoch: int
    train_loss: float
    dev_loss: float
    dev_entity_f1: float
    dev_token_macro_f1: float
    learning_rate: float
    sentences_per_second: float


@dataclass
class TrainingProgress:
    """State of a training: the current epoch, its completed steps, and the results so far.

    ``losses`` are means per word, one per step of this epoch. They stay on the device, because reading one
    would wait for it. ``seconds`` is the time spent in steps of this epoch, ``best`` the weights of the best
    epoch so far.
    """

    epoch: int = 1
    step: int = 0
    losses: torch.Tensor = field(default_factory=lambda: torch.empty(0))
    seconds: float = 0.0
    history: list[Epoch] = field(default_factory=list)
    best: dict[str, torch.Tensor] = field(default_factory=dict)


class Trainer:
    """Trains a tagger and leaves it with the weights of its best epoch on dev.

    Training continues from ``checkpoint`` if that file exists and was saved under the same ``identity``. A
    run that was killed ends with weights identical to those of one that was not.
    """

    def __init__(
        self,
        tagger: Tagger,
        training: Inputs,
        dev: Inputs,
        config: TrainingConfig,
        seed: int,
        meter: Meter,
        checkpoint: Path,
        identity: str = "",
    ) -> None:
        self._tagger, self._training, self._dev = tagger, training, dev
        self._config, self._seed, self._meter = config, seed, meter
        self._checkpoint, self._identity = checkpoint, identity
        self._freed = FreedMemory()
        self._device = next(tagger.parameters()).device
        lengths = training.lengths
        self._steps = [
            shuffled_batches(lengths, config.batch_tokens, seed, epoch)
            for epoch in range(1, config.epochs + 1)
        ]
        self._optimizer = Optimizer(tagger, config, sum(map(len, self._steps)), layer_dtype(self._device))
        self._progress = TrainingProgress()
        if state := load_checkpoint(checkpoint, identity):
            self._restore(state)
        self._due = time.monotonic() + config.checkpoint_seconds

    def train(self) -> list[Epoch]:
        """Train until the last epoch or until ``should_stop``; returns one row per epoch.

        Raises ``UserError`` if training diverges in its first epoch, and ``Preempted`` if the process was
        asked to end.
        """
        config, history = self._config, self._progress.history
        while self._progress.epoch <= config.epochs and not should_stop(history, config):
            losses = self._train_epoch()
            try:
                predictions, dev_loss = predict(self._tagger, self._dev, config.batch_tokens)
            except Preempted:
                self._save()
                raise
            if not all(map(math.isfinite, [*losses, dev_loss])):
                steps = (f"step {step}" for step, loss in enumerate(losses, 1) if not math.isfinite(loss))
                place = f"epoch {self._progress.epoch}, {next(steps, 'on dev')}"
                said = f"training diverged in {place} (its loss is no number): lower its learning rates"
                if not history:
                    raise UserError(f"{self._checkpoint.parent}: {said}.")
                logger.warning("%s; the epochs before are kept", said)
                break
            self._end_epoch(losses, dev_loss, score(predictions, self._tagger.decoder.tags))
            soon = time.monotonic() + config.checkpoint_seconds / 2 > self._due
            if self._progress.epoch <= config.epochs and soon:
                self._save()

        self._optimizer.release(self._progress.best)
        if not any(row.dev_entity_f1 for row in history):
            # An image alone says little about the position of a name.
            logger.log(
                logging.WARNING if self._tagger.encoder.d_word else logging.INFO,
                "no entity of dev was found in any epoch: too few epochs, too low a learning rate, or no "
                "clue",
            )
        logger.info("kept epoch %d of %d", best_epoch(history, config), len(history))
        return history

    def _train_epoch(self) -> list[float]:
        """Train for the rest of the epoch; returns the mean loss per word of each of its steps."""
        self._tagger.train()
        progress = self._progress
        steps = self._steps[progress.epoch - 1]
        if progress.step:
            progress.losses = progress.losses.to(self._device)
        else:
            progress.losses = torch.zeros(len(steps), device=self._device)
        begun = time.monotonic()
        with ahead(self._pieces, steps[progress.step :]) as ready:
            bar = tqdm(
                ready,
                f"epoch {progress.epoch}/{self._config.epochs}",
                len(steps) - progress.step,
                unit="batch",
                disable=None,
                leave=False,
            )
            for pieces in bar:
                progress.step += 1
                seed_step(self._seed, progress.epoch, progress.step)
                for batch, share in pieces:
                    with autocast(self._device):
                        loss = self._tagger.loss(batch) * share
                    loss.backward()
                    progress.losses[progress.step - 1] += loss.detach()
                self._optimizer.step()
                self._freed.limit()
                asked_to_end = preempted()
                if asked_to_end or time.monotonic() > self._due:
                    progress.seconds += time.monotonic() - begun
                    self._save()
                    begun = time.monotonic()
                if asked_to_end:
                    raise Preempted
        losses = progress.losses.tolist()
        progress.seconds += time.monotonic() - begun
        return losses

    def _pieces(self, chosen: list[int]) -> list[tuple[Batch, float]]:
        """A step's batches, each with its share of the step's words."""
        training = self._training
        words = training.words(chosen)
        pieces = training.pieces(chosen, self._config.batch_tokens)
        return [(training.batch(piece).to(self._device), training.words(piece) / words) for piece in pieces]

    def _end_epoch(self, losses: list[float], dev_loss: float, scores: Scores) -> None:
        """Add the epoch to the history, keep its weights if they are the best, and begin the next one."""
        progress, training = self._progress, self._training
        words = [training.words(chosen) for chosen in self._steps[progress.epoch - 1]]
        row = Epoch(
            progress.epoch,
            sum(loss * count for loss, count in zip(losses, words, strict=True)) / sum(words),
            dev_loss,
            scores.entity_f1,
            scores.token_macro_f1,
            self._optimizer.learning_rate,
            len(training.posts) / progress.seconds,
        )
        progress.history.append(row)
        if best_epoch(progress.history, self._config) == progress.epoch:
            progress.best = copy.deepcopy(self._optimizer.trained_state())
        logger.info(
            "epoch %d: train loss %.4f, dev loss %.4f, dev entity F1 %.4f, %.0f posts/s",
            row.epoch,
            row.train_loss,
            row.dev_loss,
            row.dev_entity_f1,
            row.sentences_per_second,
        )
        self._progress = TrainingProgress(progress.epoch + 1, history=progress.history, best=progress.best)

    def _save(self) -> None:
        start, progress = time.monotonic(), self._progress
        state = self._optimizer.state() | {"random": random_state(), "spent": self._meter.spent()}
        state["progress"] = vars(progress) | {"history": [asdict(row) for row in progress.history]}
        save_checkpoint(self._checkpoint, state, self._identity)
        self._due = time.monotonic() + pause(time.monotonic() - start, self._config)

    def _restore(self, state: dict[str, Any]) -> None:
        self._optimizer.load_state(state)
        set_random_state(state["random"])
        self._meter.go_on(state["spent"])
        history = [Epoch(**row) for row in state["progress"]["history"]]
        self._progress = TrainingProgress(**state["progress"] | {"history": history})
        logger.info("continues from epoch %d, step %d", self._progress.epoch, self._progress.step)


def best_epoch(history: list[Epoch], config: TrainingConfig) -> int:
    """The epoch to keep: the first that no later one beats on dev by more than ``min_gain``."""
    best, kept = float("-inf"), 0
    for row in history:
        value = getattr(row, f"dev_{config.select}")
        if value > best + config.min_gain or not kept:
            best, kept = value, row.epoch
    return kept


def should_stop(history: list[Epoch], config: TrainingConfig) -> bool:
    """Whether ``patience`` epochs have passed since the best one and since the first that found an entity."""
    found = [row.epoch for row in history if row.dev_entity_f1]
    return bool(found) and history[-1].epoch - max(best_epoch(history, config), found[0]) >= config.patience


def pause(cost: float, config: TrainingConfig) -> float:
    """Seconds until the next checkpoint, after one that took ``cost`` seconds.

    This is longer than configured, up to ten times, if checkpoints would take more than a fiftieth of the
    time.
    """
    shortest = config.checkpoint_seconds
    return min(max(shortest, 50 * cost), 10 * shortest)


def random_state() -> dict[str, torch.Tensor]:
    """States of all random generators that training draws from."""
    cuda = {"cuda": torch.cuda.get_rng_state()} if torch.cuda.is_available() else {}
    return {"cpu": torch.get_rng_state(), **cuda}


def set_random_state(state: dict[str, torch.Tensor]) -> None:
    """Restore the random generators to a ``random_state``."""
    torch.set_rng_state(state["cpu"])
    if "cuda" in state:
        torch.cuda.set_rng_state(state["cuda"])


def write_history(path: Path, history: list[Epoch]) -> None:
    """Write one row per epoch as CSV, atomically."""
    columns = [field.name for field in fields(Epoch)]
    write_text(path, csv_text(columns, (asdict(row).values() for row in history)))
