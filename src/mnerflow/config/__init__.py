"""What a configuration says: of one run, in ``run``, and as a whole, in ``configuration``.

``build`` makes the typed values of the plain ones and refuses wrong ones in words.
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
