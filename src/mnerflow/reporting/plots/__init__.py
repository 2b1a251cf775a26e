"""The figures, one file each. Every ``draw_*`` writes ``<out_stem>.png`` and ``<out_stem>.svg``."""

from mnerflow.reporting.plots.ablations import draw_ablations
from mnerflow.reporting.plots.confusion_matrix import draw_confusion_matrix
from mnerflow.reporting.plots.cost import draw_cost
from mnerflow.reporting.plots.forest import draw_forest
from mnerflow.reporting.plots.fusion_comparison import draw_fusion_comparison
from mnerflow.reporting.plots.per_type import draw_per_type
from mnerflow.reporting.plots.tag_distribution import draw_tag_distribution
from mnerflow.reporting.plots.training_curves import draw_training_curves

__all__ = [
    "draw_ablations",
    "draw_confusion_matrix",
    "draw_cost",
    "draw_forest",
    "draw_fusion_comparison",
    "draw_per_type",
    "draw_tag_distribution",
    "draw_training_curves",
]
