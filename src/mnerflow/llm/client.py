"""Ask a chat API many questions: a few at a time, within a budget, and none twice."""

import os
import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import Any

import openai
from openai.types.chat import ChatCompletion
from tqdm import tqdm

from mnerflow.errors import UserError, quantity
from mnerflow.llm.budget import FEWEST, USUAL, Budget, budget, input_tokens, most_output_tokens
from mnerflow.llm.cache import Answer, Cache, Request
from mnerflow.llm.config import Price, Question, Service
from mnerflow.llm.prompt import Message
from mnerflow.log import logger
from mnerflow.secrets import without

MOST_TOKENS = 10**8  # of one request or answer; a server that counts more is wrong
TRUNCATED = "length"  # the API's word for an answer that reached max_tokens
# Errors that concern a single request: the others can still be asked.
REFUSALS = (
    "content_filter",
    "content_policy_violation",
    "context_length_exceeded",
    "exceed_context_size_error",
)


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
        UserError: when the server cannot be reached or refuses the key or the request, when the next answer
            could exceed ``max_cost``, and when that cannot be known. Earlier answers are in the cache.
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
    bar = tqdm(total=count, initial=len(answers), desc="answers", unit="post", disable=None)
    with (
        _Asker(service) as asker,
        budget(folder, session, max_cost) as money,
        bar,
        ThreadPoolExecutor(service.concurrency) as pool,
    ):
        futures = {
            pool.submit(lambda place: _ask_one(asker, make(place), price, cache, money), places[0]): places
            for places in missing.values()
        }
        try:
            for future in as_completed(futures):
                first, *same = futures[future]
                answers[first] = future.result()
                answers |= dict.fromkeys(same, _shared(answers[first]))
                bar.set_postfix_str(f"${money.spent:.4f}", refresh=False)
                bar.update(1 + len(same))
        except BaseException as error:
            # Requests under way are waited for: they are paid for, and belong in the cache.
            pool.shutdown(cancel_futures=True)
            if not isinstance(error, UserError):
                raise
            lacking = sum(len(places) for future, places in futures.items() if _has_failed(future))
            raise type(error)(f"{error} Answers that are missing: {lacking:,} of {count:,}.") from error
    return [answers[place] for place in range(count)]


class _Asker(AbstractContextManager["_Asker"]):
    """The API's client, which retries, and whose errors become messages for a person."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._key = os.environ.get(service.key, "") if service.key else "none"
        if not self._key:
            raise UserError(
                f"the environment variable {service.key} is not set, but {service.base_url} wants the "
                f"key in it. Set it (export {service.key}=…), or correct the model's `key`."
            )
        if not re.fullmatch("[!-~]+", self._key):
            raise UserError(
                f"the environment variable {service.key} holds white space, a control character or a letter "
                f"outside ASCII, which no key has. Set it to the key alone (export {service.key}=…)."
            )
        try:
            self._client = openai.OpenAI(
                base_url=service.base_url,
                api_key=self._key,
                timeout=service.timeout,
                max_retries=service.retries,
            )
        except Exception as error:  # of the HTTP library, which reads https_proxy and the like
            raise UserError(
                f"{service.base_url} cannot be asked ({self._hide(str(error))}). Correct the model's "
                "`base_url`, or the environment variables of the proxy."
            ) from error

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def ask(self, request: Request) -> Answer:
        """Ask once; a reply that is not a completion is retried, as the client does with broken ones."""
        # As `extra_body`, the client passes on parameters that it does not know but a server may.
        options = {name: value for name, value in request.items() if name not in ("model", "messages")}
        for _ in range(self._service.retries + 1):
            try:
                completion = self._client.chat.completions.create(
                    model=request["model"], messages=request["messages"], extra_body=options
                )
                return self._answer(request, completion)
            except openai.APIStatusError as error:
                return self._refused(error)
            except openai.APIConnectionError as error:
                reason = str(error.__cause__ or error)
                what = f"cannot be reached or does not answer in time ({reason})"
                raise self._failed(what, self._service.retries) from error
            except (ValueError, TypeError, AttributeError, LookupError, RecursionError, openai.OpenAIError):
                continue  # an incomplete reply, or one that is not JSON of the expected shape
        raise self._failed("replies with something other than a chat completion", self._service.retries)

    def _answer(self, request: Request, completion: ChatCompletion) -> Answer:
        """The answer in a completion, whose types the client has not checked."""
        choice = completion.choices[0]
        content, reason, usage = choice.message.content, choice.finish_reason, completion.usage
        if isinstance(content, list):  # parts, as in a question
            content = "".join(part["text"] for part in content if part["type"] == "text")
        if not isinstance(content, str | None) or not isinstance(reason, str | None):
            raise TypeError("neither text nor nothing")
        image_tokens = self._service.price.image_tokens if self._service.price else 0
        return Answer(
            content and self._hide(content),
            self._hide(reason or ""),
            _counted(usage, "prompt_tokens", round(input_tokens(request, image_tokens))),
            _counted(usage, "completion_tokens", len(content or "") // USUAL),
        )

    def _refused(self, error: openai.APIStatusError) -> Answer:
        """An empty answer if the server refused only this request; otherwise raises what is wrong."""
        if reason := next((name for name in REFUSALS if name in (error.code, error.type)), None):
            return Answer(None, reason, 0, 0)
        status, service = error.status_code, self._service
        body = error.body
        said = self._hide(str(body.get("message", body) if isinstance(body, dict) else body or error.message))
        if status in (401, 403):
            what = f"refuses the key in {service.key}" if service.key else "wants a key"
            remedy = "Correct it." if service.key else "Set the model's `key`."
        elif status == 404:
            what, remedy = "has no such address or model", "Correct its `base_url` or `model`."
        elif error.code == "insufficient_quota":
            what, remedy = "says that the account has no money left", "Pay some in, and run again."
        elif status == 429 or status >= 500:
            wait = error.response.headers.get("Retry-After")
            asks = f" and asks to wait ({wait})" if wait else ""
            # The client notes them. There are none if a server asks to wait for long.
            retries = int(error.request.headers["x-stainless-retry-count"])
            raise self._failed(f"answers {status} ({said}){asks}", retries) from error
        else:
            what, remedy = "does not take the request", "Correct the model's `response_format` or `options`."
        raise UserError(f"{service.base_url} {what} ({status}: {said}). {remedy}") from error

    def _failed(self, what: str, retries: int) -> UserError:
        return UserError(
            f"{self._service.base_url} {self._hide(what)}, also after "
            f"{quantity(retries, 'retry', 'retries')}. The answers so far are kept: run again to go on."
        )

    def _hide(self, said: str) -> str:
        """What a server said, without the key, and without lone surrogates, which no file can contain."""
        said = said.encode(errors="replace").decode()
        return without(said, self._key) if self._service.key else said


def _counted(usage: Any, name: str, estimate: int) -> int:
    """The tokens that a server counted, or the estimate if its count is missing or impossible."""
    count = getattr(usage, name, None)
    return count if type(count) is int and 0 <= count <= MOST_TOKENS else estimate


def _shared(answer: Answer) -> Answer:
    """The answer to another post with the same request, which was asked and paid for once."""
    return replace(answer, input_tokens=0, output_tokens=0)


def _has_failed(future: Future[Answer]) -> bool:
    return future.cancelled() or future.exception() is not None


def _ask_one(asker: _Asker, request: Request, price: Price, cache: Cache, money: Budget) -> Answer:
    if answer := cache.read(request):  # another job has asked this meanwhile
        return answer
    most_output = most_output_tokens(request) or 0  # without a limit, none is to be held
    highest_cost = price.of(input_tokens(request, price.image_tokens, FEWEST), most_output)
    cost = 0.0
    money.reserve(highest_cost)
    try:
        answer = asker.ask(request)
        cost = price.of(answer.input_tokens, answer.output_tokens)
        cache.write(request, answer)
    finally:
        money.settle(highest_cost, cost)
    return answer


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
