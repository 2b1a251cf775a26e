"""What answers cost: an estimate before asking, and a limit that is enforced while asking."""

import fcntl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

from mnerflow.errors import UserError
from mnerflow.files.reading import read_text
from mnerflow.finite import finite
from mnerflow.llm.config import LIMITS
from mnerflow.log import logger

LEDGER = "spent.tsv"
# Characters per token: about four in English, and at least two with the tokenizers of common models in any
# language in Latin letters.
USUAL, FEWEST = 4, 2


def input_tokens(request: dict[str, Any], image_tokens: int, characters: int = USUAL) -> float:
    """Estimated number of tokens in a request's messages, at ``characters`` per token."""
    count = 0.0
    for message in request["messages"]:
        content = message["content"]
        for part in [{"type": "text", "text": content}] if isinstance(content, str) else content:
            count += len(part["text"]) / characters if part["type"] == "text" else image_tokens
    return count


def most_output_tokens(request: dict[str, Any]) -> int | None:
    """The longest answer that a request allows, in tokens; ``None`` without a limit."""
    return next((request[name] for name in LIMITS if request.get(name)), None)


class Overspent(UserError):
    """The next answer could cost more than is left of ``max_cost``."""


class Budget:
    """Money that one start of the workflow may spend, whatever the number of its jobs.

    The cost of each answer is appended to a ledger before the next answer is asked for. ``limit`` is in US
    dollars, ``None`` without a limit.
    """

    def __init__(self, ledger: TextIO, session: str, limit: float | None) -> None:
        self._ledger, self._session, self._limit = ledger, session, limit
        self._lock = threading.Lock()
        self._reserved = 0.0
        self._underrated = 1.0
        self.spent = 0.0

    def reserve(self, highest_cost: float) -> None:
        """Set aside the expected maximum cost of an answer; raises ``Overspent`` if not enough is left.

        If answers turned out to cost more than expected, as images may, everything that is set aside counts
        as that many times more.
        """
        with self._lock:
            pending = self._underrated * (self._reserved + highest_cost)
            if self._limit is not None and self.spent + pending > self._limit:
                raise Overspent(
                    f"${self.spent:.4f} are spent, and the next answer could pass max_cost ${self._limit:g}. "
                    "The answers so far are kept: run again with a higher max_cost to go on."
                )
            self._reserved += highest_cost

    def settle(self, highest_cost: float, cost: float) -> None:
        """Release what was set aside, and record what the answer actually cost."""
        with self._lock:
            self._reserved -= highest_cost
            if cost:
                self.learn(highest_cost, cost)
                self._ledger.write(f"{self._session}\t{highest_cost:.9f}\t{cost:.9f}\n")
                self._ledger.flush()

    def learn(self, highest_cost: float, cost: float) -> None:
        """Count an answer that was expected to cost at most ``highest_cost`` and actually cost ``cost``."""
        self.spent += cost
        if highest_cost:
            self._underrated = max(self._underrated, cost / highest_cost)


@contextmanager
def budget(folder: Path, session: str, limit: float | None) -> Iterator[Budget]:
    """The budget of a ``session``; other jobs that want to ask wait until the block ends.

    Raises ``UserError`` naming the line when the ledger is malformed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / LEDGER
    with path.open("a", encoding="utf-8") as ledger:
        try:
            fcntl.flock(ledger, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            logger.info("%s: another job asks; this one waits for it", path)
            fcntl.flock(ledger, fcntl.LOCK_EX)
        money = Budget(ledger, session, limit)
        for number, line in enumerate(read_text(path).split("\n"), start=1):
            name, *amounts = line.split("\t")
            try:
                if line and name == session:
                    money.learn(*map(finite, amounts))
            except (ValueError, TypeError) as error:
                raise UserError(f"{path}:{number}: {line!r} is no payment. Remove the line.") from error
        yield money
