"""How and where a language model is queried: for entities, as a rival, or for a context."""

from dataclasses import KW_ONLY, dataclass, field
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from mnerflow.config.refusals import refused
from mnerflow.config.types import Amount, ApiAddress, Distinct, KeyVariable, Pixels, Positive, Section

Seen = Literal["text", "image"]  # the parts of a post that a language model may be shown
LIMITS = ("max_completion_tokens", "max_tokens")  # of an answer; the first one that is given counts
FIXED = ("model", "messages", "n", "stream")  # what costs are estimated for, and how answers are read


def _affordable(options: dict[str, Any]) -> dict[str, Any]:
    for name in LIMITS:
        limit = options.get(name)
        if limit is not None and (type(limit) is not int or limit < 1):
            raise refused(f"{name}: {limit!r} is not a whole number, 1 or more; null leaves it out")
    for name in FIXED:
        if options.get(name) is not None:
            raise refused(f"{name}: no option, since one whole answer of `model` is asked for; leave it out")
    return options


Options = Annotated[dict[str, Any], AfterValidator(_affordable)]


@dataclass(frozen=True)
class Price(Section):
    """Price in US dollars per million tokens.

    Attributes:
        input: price of the tokens that the model reads.
        output: price of the tokens that the model writes.
        image_tokens: number of tokens that an image counts as in the estimate.
    """

    input: Amount
    output: Amount
    image_tokens: Annotated[int, Field(ge=0)] = 1000

    def of(self, input_tokens: float, output_tokens: float) -> float:
        """The price of so many tokens, in US dollars."""
        return (input_tokens * self.input + output_tokens * self.output) / 1e6


@dataclass(frozen=True)
class Service(Section):
    """Where and how a model is queried; none of it changes an answer.

    Attributes:
        base_url: address of the API, up to and including ``/v1``.
        key: name of the environment variable that contains the key; leave it out for a server without one.
        price: price of the tokens; leave it out for a server that costs nothing.
        concurrency: number of requests that are open at a time.
        timeout: seconds to wait for any part of an answer.
        retries: number of retries of a request after status 429 or 5xx, a timeout or a broken connection. The
            wait doubles from half a second to eight seconds, or is what the server asks for, up to two
            minutes.
    """

    base_url: ApiAddress
    _: KW_ONLY
    key: KeyVariable | None = None
    price: Price | None = None
    concurrency: Annotated[int, Field(ge=1, le=256)] = 4
    timeout: Annotated[float, Field(gt=0)] = 120.0
    retries: Annotated[int, Field(ge=0, le=20)] = 6


@dataclass(frozen=True)
class Question(Section):
    """How a language model is queried: everything here may change its answers.

    Attributes:
        base_url: address of the API, up to and including ``/v1``; the same name may mean another model
            elsewhere.
        model: name of the model at this API.
        options: parameters of the request, such as temperature and max_tokens; one that is null is left out.
        image_size: longer side of images, in pixels; larger images are scaled down.
        detail: how closely the model looks at images, where the API has such a setting.
    """

    base_url: ApiAddress
    model: str
    _: KW_ONLY
    options: Options = field(default_factory=dict)
    image_size: Pixels = 512
    detail: Literal["low", "high", "auto"] | None = None


@dataclass(frozen=True)
class EntityQuestion(Question):
    """How a rival is queried.

    Attributes:
        response_format: how the API is told to answer in JSON; ``text`` leaves it to the prompt.
        posts: number of posts, from the first on, to query as a trial; without it, all of them.
    """

    _: KW_ONLY
    response_format: Literal["json_schema", "json_object", "text"] = "json_schema"
    posts: Positive | None = None


@dataclass(frozen=True)
class ContextQuestion(Question):
    """How a context is requested: everything that it depends on, besides posts and prompt.

    Attributes:
        reads: parts of each post that the model is shown: its text, its images, or both.
    """

    _: KW_ONLY
    reads: Distinct[Seen]


@dataclass(frozen=True)
class RivalConfig(EntityQuestion):
    """One run of a rival: everything that its answers depend on, besides data and prompt.

    Attributes:
        entity_types: entity types of the data set.
        seed: seed that draws the examples; it is also sent with each request.
        examples: number of training posts that the model is shown with their gold answers.
        image: whether posts are shown with their images.
    """

    entity_types: tuple[str, ...]
    seed: int
    examples: int = 0
    image: bool = False
