"""Names found in new texts by a run that was trained: what ``mnerflow predict`` and ``Predictor`` do."""
