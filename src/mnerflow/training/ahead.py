"""Preparation of the inputs of the next steps while the current step is computed."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

Item = TypeVar("Item")
Made = TypeVar("Made")
MOST = 2  # ready but not yet read: one is being read while the next is made


@contextmanager
def ahead(make: Callable[[Item], Made], items: Iterable[Item]) -> Iterator[Iterator[Made]]:
    """Yield ``make`` of each item, in order, computed by a thread up to ``MOST`` items ahead.

    An exception of ``make`` is raised where its result would have been yielded. The thread ends with the
    block.
    """
    with ThreadPoolExecutor(1, "ahead") as pool:
        try:
            yield _made(pool, make, items)
        finally:
            pool.shutdown(cancel_futures=True)


def _made(pool: ThreadPoolExecutor, make: Callable[[Item], Made], items: Iterable[Item]) -> Iterator[Made]:
    waiting: deque[Future[Made]] = deque()
    for item in items:
        waiting.append(pool.submit(make, item))
        if len(waiting) > MOST:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()
