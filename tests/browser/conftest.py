"""Makes the unit tests importable: the tests of this folder use the report that those build."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "unit"))
