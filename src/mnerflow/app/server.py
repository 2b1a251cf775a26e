"""The web server of ``mnerflow app``: its page and ``POST /predict``."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any, Literal

from fastapi import FastAPI, HTTPException, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, JSONResponse
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from starlette.concurrency import run_in_threadpool
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mnerflow.app.addresses import Refused, fetch_public, in_address, is_loopback
from mnerflow.app.worker import Busy, Worker
from mnerflow.data.image import BrokenImage, decode
from mnerflow.errors import UserError
from mnerflow.prediction.predictor import Predictor, Tagged
from mnerflow.prediction.texts import ADDRESSES

PAGE = Path(__file__).with_name("page")
MOST_BYTES = 8 * 2**20  # of a request
MOST_SECONDS = 30  # in which the whole of a request arrives
MOST_TEXT = 10_000  # characters of a text, and of a context
MOST_IMAGES = 4
JSON = "application/json"
LOCAL = ("127.0.0.1", "localhost", "[::1]")  # names of this machine, as in the header Host
# Nothing is loaded from elsewhere, and no other page may put this one into a frame.
POLICY = "default-src 'self'; img-src 'self' data: blob:; frame-ancestors 'none'; base-uri 'none'"

ContextName = Annotated[str, StringConstraints(max_length=100)]
Line = Annotated[str, StringConstraints(max_length=MOST_TEXT)]
Condition = Literal["true", "blank"]


class Post(BaseModel):
    """A text with its images and contexts, and the conditions to read it under."""

    model_config = ConfigDict(extra="forbid")

    text: Line
    images: list[str] = Field(
        default=[],
        max_length=MOST_IMAGES,
        description="Pictures in base64 or as `data:` URLs; also web addresses, if the server allows them.",
    )
    contexts: dict[ContextName, Line] = Field(
        default={}, max_length=8, description="Texts by name (`caption`)."
    )
    conditions: list[Condition] = Field(
        default=["true"], max_length=2, description="`blank` reads the post without its images and contexts."
    )


class Entity(BaseModel):
    """A name: `start` and `end` (exclusive) count characters of the text, `token_…` count its words."""

    entity_group: str
    score: float
    word: str
    start: int
    end: int
    token_start: int
    token_end: int


class Word(BaseModel):
    """A word: `score` is the probability of its tag, `image_weight` the weight that the image has for it."""

    word: str
    start: int
    end: int
    tag: str
    score: float | None
    image_weight: float | None


class Found(BaseModel):
    """What a run finds under one condition."""

    condition: Condition
    entities: list[Entity]
    words: list[Word]


class Answer(BaseModel):
    """What each run finds, in the order of the runs."""

    runs: dict[str, list[Found]]


class About(BaseModel):
    """The runs that are served, and what each reads besides the text."""

    runs: dict[str, list[str]]
    allow_urls: bool


def create_app(
    predictors: dict[str, Predictor], *, host: str = LOCAL[0], allow_urls: bool = False
) -> FastAPI:
    """The application that serves ``predictors``, by the names of their runs.

    Args:
        host: address that it will listen on. On a loopback address, it refuses requests to names other
            than this one and those in ``LOCAL``.
        allow_urls: whether to fetch pictures from the web.
    """
    worker = Worker([*predictors.values()])

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        yield
        await run_in_threadpool(worker.close)

    app = FastAPI(
        title="mnerflow", description="Finds names in a text with pictures.", docs_url=None, redoc_url=None,
        lifespan=lifespan,
    )  # fmt: skip
    app.add_middleware(_Limit)
    if is_loopback(host):
        app.add_middleware(TrustedHostMiddleware, allowed_hosts=[*LOCAL, in_address(host)])

    @app.exception_handler(RequestValidationError)
    def refuse(request: Request, error: RequestValidationError) -> Response:
        """Say what is wrong and where, without the input, which may be long or contain lone surrogates."""
        if request.headers.get("Content-Type", "").partition(";")[0].strip().lower() != JSON:
            return JSONResponse({"detail": f"Send JSON, with the header Content-Type: {JSON}."}, 415)
        detail = [{"loc": one["loc"], "msg": one["msg"]} for one in error.errors()]
        return Response(json.dumps({"detail": detail}), 422, media_type=JSON)

    @app.get("/about")
    def about() -> About:
        """The runs that are served."""
        return About(runs={name: [*one.sources] for name, one in predictors.items()}, allow_urls=allow_urls)

    @app.post("/predict", responses={408: {}, 413: {}, 415: {}, 503: {}})
    async def predict(post: Post) -> Answer:
        """Find the names in a text."""
        with TemporaryDirectory() as folder:
            images = await run_in_threadpool(_saved, post.images, Path(folder), allow_urls)
            given: dict[Condition, dict[str, Any]] = {
                "true": {"text": post.text, "images": images, "contexts": post.contexts},
                "blank": {"text": post.text},
            }
            try:
                asked = worker.ask([given[condition] for condition in post.conditions])
            except Busy:
                raise HTTPException(503, "Too many requests are waiting.", {"Retry-After": "1"}) from None
            try:
                found = await asyncio.wrap_future(asked)
            except UserError as error:
                raise HTTPException(422, str(error)) from error
        return Answer(
            runs={
                name: [_found(*pair) for pair in zip(post.conditions, tagged, strict=True)]
                for name, tagged in zip(predictors, found, strict=True)
            }
        )

    @app.get("/", include_in_schema=False)
    def page() -> Response:
        return FileResponse(PAGE / "index.html", headers={"Content-Security-Policy": POLICY})

    for name in ("page.js", "page.css"):
        app.add_api_route(f"/{name}", _file(PAGE / name), include_in_schema=False)
    return app


def _file(path: Path) -> Any:
    return lambda: FileResponse(path)


def _found(condition: Condition, tagged: Tagged) -> Found:
    spans = [span for sentence in tagged.text.sentences for span in sentence]
    weights = tagged.image_weight or [[None] * len(tags) for tags in tagged.tags]
    columns = (chain.from_iterable(parts) for parts in (tagged.tags, tagged.confidence, weights))
    text = tagged.text.text
    words = [
        Word(word=text[start:end], start=start, end=end, tag=tag, score=score, image_weight=weight)
        for (start, end), tag, score, weight in zip(spans, *columns, strict=True)
    ]
    return Found(condition=condition, entities=[Entity(**one) for one in tagged.entities], words=words)


def _saved(images: Sequence[str], folder: Path, allow_urls: bool) -> list[str]:
    """Save pictures to files; raises ``HTTPException`` for one that cannot be used."""
    return [_save(image, number, folder, allow_urls) for number, image in enumerate(images, start=1)]


def _save(image: str, number: int, folder: Path, allow_urls: bool) -> str:
    file = folder / str(number)
    try:
        if image.startswith(ADDRESSES):
            if not allow_urls:
                raise Refused("a web address; start the server with --allow-urls to fetch it")
            fetch_public(image, file)
        else:
            _, _, data = image.rpartition("base64,")
            file.write_bytes(base64.b64decode("".join(data.split()), validate=True))
        decode(folder, file.name, 16)
    except (Refused, BrokenImage) as reason:
        raise HTTPException(422, f"image {number}: {reason}") from reason
    except ValueError as error:
        said = f"image {number}: not base64. Send the bytes of the file in base64"
        raise HTTPException(422, said) from error
    return str(file)


class _Limit:
    """Answers 413 to a request of more than ``MOST_BYTES``, without reading the rest.

    Answers 408 to one that has not arrived in ``MOST_SECONDS``.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        declared = dict(scope["headers"]).get(b"content-length", b"0")
        body, more = bytearray(), not (declared.isdigit() and int(declared) > MOST_BYTES)
        try:
            async with asyncio.timeout(MOST_SECONDS):
                while more and len(body) <= MOST_BYTES:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        return
                    body += message.get("body", b"")
                    more = message.get("more_body", False)
        except TimeoutError:
            late = JSONResponse({"detail": f"The request takes longer than {MOST_SECONDS} s to arrive."}, 408)
            await late(scope, receive, send)
            return
        if more or not declared.isdigit() or int(declared) > MOST_BYTES or len(body) > MOST_BYTES:
            too_large = JSONResponse({"detail": f"The request is larger than {MOST_BYTES >> 20} MiB."}, 413)
            await too_large(scope, receive, send)
            return
        whole: list[Message] = [{"type": "http.request", "body": bytes(body), "more_body": False}]

        async def replay() -> Message:
            return whole.pop() if whole else await receive()

        await self.app(scope, replay, send)
