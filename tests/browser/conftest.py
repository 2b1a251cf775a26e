"""What the tests of this folder share with the unit tests: the report that those build."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "unit"))
