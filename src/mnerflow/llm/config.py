"""How a language model is asked, and where: what a rival's entry says, and what one run of it is."""

from dataclasses import KW_ONLY, dataclass, field
from typing import Annotated, Any, Literal

from pydantic import Field

from mnerflow.config.types import Amount, ApiAddress, KeyVariable, Pixels, Positive, Section


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
    """Where and how a rival is asked; none of it changes an answer.

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
    """How a language model is asked, which its answers hang on.

    Attributes:
        base_url: of the API, up to and with ``/v1``; the same name may be another model elsewhere.
        model: its name there.
        response_format: how the API is told to answer in JSON; ``text`` leaves it to the prompt.
        options: parameters of the request, such as temperature and max_tokens; one that is null is left out.
        image_size: pixels of the longer side; larger images are scaled down.
        detail: how closely the model is to look, where the API knows such a setting.
        posts: ask about the first so many posts only, as a trial.
    """

    base_url: ApiAddress
    model: str
    _: KW_ONLY
    response_format: Literal["json_schema", "json_object", "text"] = "json_schema"
    options: dict[str, Any] = field(default_factory=dict)
    image_size: Pixels = 512
    detail: Literal["low", "high", "auto"] | None = None
    posts: Positive | None = None


@dataclass(frozen=True)
class RivalConfig(Question):
    """One run of a rival: everything that its answers hang on, besides data and prompt.

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
