"""How a language model is asked, and where: for entities, as a rival, or for a context."""

from dataclasses import KW_ONLY, dataclass, field
from typing import Annotated, Any, Literal

from pydantic import Field

from mnerflow.config.types import Amount, ApiAddress, Distinct, KeyVariable, Pixels, Positive, Section

Seen = Literal["text", "image"]  # what of a post a language model may be shown


@dataclass(frozen=True)
class Price(Section):
    """US dollars for a million tokens.

    Attributes:
        input: for tokens that are read.
        output: for tokens that are written.
        image_tokens: what an image is charged as, for the estimate.
    """

    input: Amount
    output: Amount
    image_tokens: Annotated[int, Field(ge=0)] = 1000

    def of(self, input_tokens: float, output_tokens: float) -> float:
        """US dollars for so many tokens."""
        return (input_tokens * self.input + output_tokens * self.output) / 1e6


@dataclass(frozen=True)
class Service(Section):
    """Where and how a model is asked; none of it changes an answer.

    Attributes:
        base_url: of the API, up to and with ``/v1``.
        key: name of the environment variable that holds the key; nothing for a server that wants none.
        price: of tokens; nothing for a server that costs nothing.
        concurrency: requests under way at a time.
        timeout: seconds to wait for an answer.
        retries: of a request that met 429, 5xx, a timeout or a broken connection; the wait doubles from half
            a second to eight, or is what the server asks for.
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
    """How a language model is asked, which its answers depend on.

    Attributes:
        base_url: of the API, up to and with ``/v1``; the same name may be another model elsewhere.
        model: its name there.
        options: parameters of the request, such as temperature and max_tokens; one that is null is left out.
        image_size: pixels of the longer side; larger images are scaled down.
        detail: how closely the model is to look, where the API knows such a setting.
    """

    base_url: ApiAddress
    model: str
    _: KW_ONLY
    options: dict[str, Any] = field(default_factory=dict)
    image_size: Pixels = 512
    detail: Literal["low", "high", "auto"] | None = None


@dataclass(frozen=True)
class EntityQuestion(Question):
    """How a rival is asked.

    Attributes:
        response_format: how the API is told to answer in JSON; ``text`` leaves it to the prompt.
        posts: ask about the first so many posts only, as a trial.
    """

    _: KW_ONLY
    response_format: Literal["json_schema", "json_object", "text"] = "json_schema"
    posts: Positive | None = None


@dataclass(frozen=True)
class ContextQuestion(Question):
    """How a context is asked for: everything that it depends on, besides posts and prompt.

    Attributes:
        reads: what the model is shown of each post: its text, its images, or both.
    """

    _: KW_ONLY
    reads: Distinct[Seen]


@dataclass(frozen=True)
class RivalConfig(EntityQuestion):
    """One run of a rival: everything that its answers depend on, besides data and prompt.

    Attributes:
        entity_types: the data set's.
        seed: draws the examples, and is sent along.
        examples: posts of the training split that the model is shown with their gold answers.
        image: whether posts are shown with their images.
    """

    entity_types: tuple[str, ...]
    seed: int
    examples: int = 0
    image: bool = False
