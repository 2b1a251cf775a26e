"""Ask a chat API many questions: a few at a time, within a budget, and none twice."""

import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import replace
from pathlib import Path
from typing import Any

from tqdm import tqdm

from mnerflow.errors import UserError, quantity
from mnerflow.llm.budget import FEWEST, Budget, budget, input_tokens, most_output_tokens
from mnerflow.llm.cache import Answer, Cache, Request
from mnerflow.llm.client import UNREAD, Client, Refused
from mnerflow.llm.config import Price, Question, Service
from mnerflow.llm.prompt import Message
from mnerflow.log import logger

REFUSED = "refused"  # a request that a server did not take, while it took others
MOST_REFUSED = 5  # in a row; then the server takes none
LONGEST_WAIT = 8  # seconds between two tries, as the client waits


def body_of(question: Question, messages: Sequence[Message], options: Mapping[str, Any]) -> Request:
    """The body of a request; the question's own options override ``options``, and null removes one."""
    chosen = {**options, **question.options}
    parameters = {name: value for name, value in chosen.items() if value is not None}
    return {"model": question.model, "messages": list(messages), **parameters}


def bill(answers: Sequence[Answer], service: Service) -> dict[str, Any]:
    """Tokens and cost of answers, as fields of a ``record.Answered``."""
    return {
        "from_cache": sum(answer.cached for answer in answers),
        "input_tokens": sum(answer.input_tokens for answer in answers),
        "output_tokens": sum(answer.output_tokens for answer in answers),
        "cost": _cost(answers, service),
        "cost_now": _cost([answer for answer in answers if not answer.cached], service),
    }


def _cost(answers: Sequence[Answer], service: Service) -> float | None:
    if not service.price:
        return None
    return round(sum(service.price.of(each.input_tokens, each.output_tokens) for each in answers), 6)


def ask_all(
    make: Callable[[int], Request],
    count: int,
    service: Service,
    folder: Path,
    expected_output: float,
    session: str = "",
    max_cost: float | None = None,
) -> list[Answer]:
    """The answers to ``count`` requests, in their order.

    Args:
        make: builds the request of an index; called again when it is asked, so that no images are kept in
            memory.
        count: number of requests.
        service: the service to ask.
        folder: folder of the cache.
        expected_output: expected tokens per answer, for the estimate.
        session: name of the start of the workflow that ``max_cost`` applies to.
        max_cost: US dollars that the session may spend.

    Raises:
        UserError: when the server cannot be reached, or refuses the key or several requests in a row, when
            the next answer could exceed ``max_cost``, and when that cannot be known. Earlier answers are in
            the cache.
    """
    price = service.price or Price(0, 0)
    if service.key and not service.price and max_cost is not None:
        raise UserError(
            f"max_cost cannot be held: what {service.base_url} costs is not known. Set the model's `price`."
        )
    cache = Cache(folder, service.base_url)
    answers: dict[int, Answer] = {}
    seen: set[Path] = set()
    missing: dict[Path, list[int]] = defaultdict(list)  # indices with the same request, which is asked once
    tokens = 0.0
    for place in range(count):
        request = make(place)
        path = cache.path(request)
        if (answer := cache.read(request)) is not None:
            answers[place] = _shared(answer) if path in seen else answer
            seen.add(path)
        else:
            places = missing[path]
            tokens += 0 if places else input_tokens(request, price.image_tokens)
            places.append(place)
    if not missing:
        return [answers[place] for place in range(count)]
    if max_cost is not None and service.price and not most_output_tokens(make(0)):
        raise UserError(
            f"max_cost cannot be held: an answer of {service.base_url} may have any length. Set max_tokens "
            "or max_completion_tokens in the model's `options`."
        )
    _say_estimate(count, len(missing), tokens, expected_output, service, max_cost)
    refusals = _Refusals()
    bar = tqdm(total=count, initial=len(answers), desc="answers", unit="post", disable=None)
    with (
        Client(service) as client,
        budget(folder, session, max_cost) as money,
        bar,
        ThreadPoolExecutor(service.concurrency) as pool,
    ):
        futures = {
            pool.submit(
                lambda place: _ask_one(client, make(place), service, price, cache, money), places[0]
            ): places
            for places in missing.values()
        }
        try:
            for future in as_completed(futures):
                first, *same = futures[future]
                answers[first] = refusals.answer(future)
                answers |= dict.fromkeys(same, _shared(answers[first]))
                bar.set_postfix_str(f"${money.spent:.4f}", refresh=False)
                bar.update(1 + len(same))
            refusals.end(any(answer.finish_reason != REFUSED for answer in answers.values()))
        except BaseException as error:
            # Requests under way are waited for: they are paid for, and belong in the cache.
            pool.shutdown(cancel_futures=True)
            if not isinstance(error, UserError):
                raise
            lacking = sum(len(places) for future, places in futures.items() if _has_failed(future))
            raise type(error)(f"{error} Answers that are missing: {lacking:,} of {count:,}.") from error
    return [answers[place] for place in range(count)]


class _Refusals:
    """Requests that a server did not take: answers of nothing, as long as it takes others."""

    def __init__(self) -> None:
        self._errors: list[Refused] = []
        self._in_a_row = 0

    def answer(self, future: Future[Answer]) -> Answer:
        """The answer of a request, if the server did not refuse the ``MOST_REFUSED`` last ones."""
        try:
            answer = future.result()
        except Refused as error:
            self._errors.append(error)
            self._in_a_row += 1
            if self._in_a_row == MOST_REFUSED:
                raise
            return Answer(None, REFUSED, 0, 0)
        self._in_a_row = 0
        return answer

    def end(self, has_answered: bool) -> None:
        """Warn of refused requests; raises ``Refused`` if the server has not answered any request."""
        if not self._errors:
            return
        if not has_answered:
            raise self._errors[0]
        logger.warning(
            "requests that were refused, and count as without an answer: %d; the first: %s",
            len(self._errors),
            self._errors[0],
        )


def _shared(answer: Answer) -> Answer:
    """The answer to another post with the same request, which was asked and paid for once."""
    return replace(answer, input_tokens=0, output_tokens=0)


def _has_failed(future: Future[Answer]) -> bool:
    return future.cancelled() or future.exception() is not None


def _ask_one(
    client: Client, request: Request, service: Service, price: Price, cache: Cache, money: Budget
) -> Answer:
    """The answer, with the tokens of all replies; a reply that is no answer is asked for again."""
    if answer := cache.read(request):  # another job has asked this meanwhile
        return answer
    read = written = 0
    for retry in range(service.retries + 1):
        time.sleep(min(2 ** (retry - 2), LONGEST_WAIT) if retry else 0)
        reply = _ask_once(client, request, price, money)
        read, written = read + reply.input_tokens, written + reply.output_tokens
        if reply.finish_reason != UNREAD:
            answer = replace(reply, input_tokens=read, output_tokens=written)
            cache.write(request, answer)
            return answer
    raise client.failed("replies with something other than a chat completion", service.retries)


def _ask_once(client: Client, request: Request, price: Price, money: Budget) -> Answer:
    most_output = most_output_tokens(request) or 0  # without a limit, none is to be held
    highest_cost = price.of(input_tokens(request, price.image_tokens, FEWEST), most_output)
    cost = 0.0
    money.reserve(highest_cost)
    try:
        reply = client.ask(request)
        cost = price.of(reply.input_tokens, reply.output_tokens)
    finally:
        money.settle(highest_cost, cost)
    return reply


def _say_estimate(
    count: int, missing: int, tokens: float, output: float, service: Service, max_cost: float | None
) -> None:
    parts = [
        f"{service.base_url}: {missing:,} of {quantity(count, 'answer')} to be asked for, "
        f"about {quantity(round(tokens), 'token')}"
    ]
    if service.price:
        parts.append(f"about ${service.price.of(tokens, missing * output):.4f}")
        parts.append("no max_cost is set" if max_cost is None else f"max_cost is ${max_cost:g}")
    # A warning, because these are shown in the terminal: the cost should be known before it arises.
    logger.warning("%s", "; ".join(parts))
