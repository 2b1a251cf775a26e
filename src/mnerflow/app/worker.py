"""One thread that tags for all who ask, and a queue that is no longer than can be waited for."""

from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from queue import Empty, Full, Queue
from threading import Thread
from typing import Any

from mnerflow.prediction.predictor import Predictor, Tagged

WAITING = 64  # requests; more are told to come again
TOGETHER = 16  # that are tagged at once


class Busy(Exception):
    """The queue is full."""


@dataclass(frozen=True, slots=True)
class _Job:
    texts: Sequence[dict[str, Any]]
    done: "Future[list[list[Tagged]]]"


class Worker:
    """Tags texts with several runs, one request after the other, those that wait together.

    A text alone and beside others is tagged alike. Models are not called by several threads.
    """

    def __init__(self, predictors: Sequence[Predictor], waiting: int = WAITING) -> None:
        self._predictors = predictors
        self._queue: Queue[_Job | None] = Queue(waiting)
        self._thread = Thread(target=self._work, name="tagging", daemon=True)
        self._thread.start()

    def ask(self, texts: Sequence[dict[str, Any]]) -> "Future[list[list[Tagged]]]":
        """By run what is found in ``texts``, objects as ``Predictor`` takes them; raises ``Busy``."""
        job = _Job(texts, Future())
        try:
            self._queue.put_nowait(job)
        except Full:
            raise Busy from None
        return job.done

    def close(self) -> None:
        """Finish what waits, and end."""
        self._queue.put(None)
        self._thread.join()

    def _work(self) -> None:
        while (job := self._queue.get()) is not None:
            jobs: list[_Job | None] = [job]
            while len(jobs) < TOGETHER and jobs[-1] is not None:
                try:
                    jobs.append(self._queue.get_nowait())
                except Empty:
                    break
            self._tag([one for one in jobs if one is not None])
            if jobs[-1] is None:
                return

    def _tag(self, jobs: Sequence[_Job]) -> None:
        texts = [text for job in jobs for text in job.texts]
        try:
            found = [list(predictor.stream(texts)) for predictor in self._predictors]
        except Exception as error:
            if len(jobs) == 1:
                jobs[0].done.set_exception(error)
            else:  # one of them is at fault, the others are not to suffer
                for job in jobs:
                    self._tag([job])
            return
        start = 0
        for job in jobs:
            job.done.set_result([tagged[start : start + len(job.texts)] for tagged in found])
            start += len(job.texts)
