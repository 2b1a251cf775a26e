"""The configuration: of one run in ``run``, and as a whole in ``configuration``.

``build`` turns plain values into typed ones and refuses wrong ones with an explanation.
"""

from mnerflow.config.run import (
    ImageConfig,
    LearningRates,
    PartConfig,
    RunConfig,
    TrainingConfig,
    VisionLanguageConfig,
)
from mnerflow.config.values import build, plain, settings_of

__all__ = [
    "ImageConfig",
    "LearningRates",
    "PartConfig",
    "RunConfig",
    "TrainingConfig",
    "VisionLanguageConfig",
    "build",
    "plain",
    "settings_of",
]
