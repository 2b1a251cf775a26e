"""A single thread that tags all requests, and a queue of limited length."""

from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from queue import Empty, Full, Queue
from threading import Thread
from typing import Any

from mnerflow.prediction.predictor import Predictor, Tagged

WAITING = 64  # requests; further ones get ``Busy``
TOGETHER = 16  # requests that are tagged at once


class Busy(Exception):
    """The queue is full."""


@dataclass(frozen=True, slots=True)
class _Job:
    texts: Sequence[dict[str, Any]]
    done: "Future[list[list[Tagged]]]"


class Worker:
    """Tags texts with several runs; requests that are waiting are tagged together.

    A text gets the same tags alone and together with others. Only one thread calls the models.
    """

    def __init__(self, predictors: Sequence[Predictor], waiting: int = WAITING) -> None:
        self._predictors = predictors
        self._queue: Queue[_Job | None] = Queue(waiting)
        self._thread = Thread(target=self._work, name="tagging", daemon=True)
        self._thread.start()

    def ask(self, texts: Sequence[dict[str, Any]]) -> "Future[list[list[Tagged]]]":
        """What each run finds in ``texts``, which are objects as ``Predictor`` takes; raises ``Busy``."""
        job = _Job(texts, Future())
        try:
            self._queue.put_nowait(job)
        except Full:
            raise Busy from None
        return job.done

    def close(self) -> None:
        """Finish the requests that are waiting, and end."""
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
            # A request whose client has gone needs no tags.
            self._tag([one for one in jobs if one is not None and one.done.set_running_or_notify_cancel()])
            if jobs[-1] is None:
                return

    def _tag(self, jobs: Sequence[_Job]) -> None:
        texts = [text for job in jobs for text in job.texts]
        try:
            found = [list(predictor.stream(texts)) for predictor in self._predictors]
        except Exception as error:
            if len(jobs) == 1:
                jobs[0].done.set_exception(error)
            else:  # one of them is at fault, and the others should still succeed
                for job in jobs:
                    self._tag([job])
            return
        start = 0
        for job in jobs:
            job.done.set_result([tagged[start : start + len(job.texts)] for tagged in found])
            start += len(job.texts)
