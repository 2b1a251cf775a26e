"""PONER (Czech chronicles): each published sentence with the crops of its lines on the scan."""

from mnerflow.data.poner.align import Placement, place
from mnerflow.data.poner.multimodal import make_multimodal

__all__ = ["Placement", "make_multimodal", "place"]
