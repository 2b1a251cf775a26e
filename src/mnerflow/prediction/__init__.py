"""Named-entity recognition in new texts by a trained run, behind ``mnerflow predict`` and ``Predictor``."""
