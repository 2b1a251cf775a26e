"""mnerflow: does an image help a model to find the names in a text?"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mnerflow.prediction.predictor import Predictor

__version__ = "0.1.0"
__all__ = ["Predictor", "__version__"]


def __getattr__(name: str) -> Any:
    """Load ``Predictor``, and PyTorch with it, only on first access."""
    if name == "Predictor":
        from mnerflow.prediction.predictor import Predictor

        return Predictor
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
