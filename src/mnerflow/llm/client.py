"""A chat API: one request, its answer, and what is wrong with it in words for a person."""

import os
import re
from contextlib import AbstractContextManager
from typing import Any

import openai
from openai.types.chat import ChatCompletion

from mnerflow.errors import UserError, quantity
from mnerflow.llm.budget import USUAL, input_tokens
from mnerflow.llm.cache import Answer, Request
from mnerflow.llm.config import Service
from mnerflow.secrets import without

MOST_TOKENS = 10**8  # of one request or answer; a server that counts more is wrong
TRUNCATED = "length"  # the API's word for an answer that reached max_tokens
UNREAD = "unread"  # a reply that is no completion
# Errors that concern a single request: the others can still be asked.
REFUSALS = (
    "content_filter",
    "content_policy_violation",
    "context_length_exceeded",
    "exceed_context_size_error",
)


class Refused(UserError):
    """The server does not take a request, because of this request or of all: its reason has no known name."""


class Client(AbstractContextManager["Client"]):
    """The API's client. It retries requests that fail on the way, and closes its connections at the end.

    Raises ``UserError`` when the key is missing or malformed, and when the address cannot be used.
    """

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
        """Ask once. What is no completion has no content, its tokens, and ``UNREAD`` as its reason to finish.

        Raises ``Refused``, and other ``UserError`` when no request can be answered.
        """
        # As `extra_body`, the client passes on parameters that it does not know but a server may.
        options = {name: value for name, value in request.items() if name not in ("model", "messages")}
        usage = None
        try:
            completion = self._client.chat.completions.create(
                model=request["model"], messages=request["messages"], extra_body=options
            )
            usage = getattr(completion, "usage", None)
            return self._answer(request, completion)
        except openai.APIStatusError as error:
            return self._refused(error)
        except openai.APIConnectionError as error:
            reason = str(error.__cause__ or error)
            what = f"cannot be reached or does not answer in time ({reason})"
            raise self.failed(what, self._service.retries) from error
        except (ValueError, TypeError, AttributeError, LookupError, RecursionError, openai.OpenAIError):
            # An incomplete reply, or one that is not JSON of the expected shape.
            return Answer(
                None, UNREAD, _counted(usage, "prompt_tokens", 0), _counted(usage, "completion_tokens", 0)
            )

    def failed(self, what: str, retries: int) -> UserError:
        """The error of a server that fails in the way ``what``, also after so many retries."""
        return UserError(
            f"{self._service.base_url} {self._hide(what)}, also after "
            f"{quantity(retries, 'retry', 'retries')}. The answers so far are kept: run again to go on."
        )

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
            raise self.failed(f"answers {status} ({said}){asks}", retries) from error
        else:
            what, remedy = "does not take the request", "Correct the model's `response_format` or `options`."
        kind = Refused if status in (400, 413, 422) else UserError
        raise kind(f"{service.base_url} {what} ({status}: {said}). {remedy}") from error

    def _hide(self, said: str) -> str:
        """What a server said, without the key, and without lone surrogates, which no file can contain."""
        said = said.encode(errors="replace").decode()
        return without(said, self._key) if self._service.key else said


def _counted(usage: Any, name: str, estimate: int) -> int:
    """The tokens that a server counted, or the estimate if its count is missing or impossible."""
    count = getattr(usage, name, None)
    return count if type(count) is int and 0 <= count <= MOST_TOKENS else estimate
