"""``python -m mnerflow.cli``: the same as ``mnerflow``."""

import sys

from mnerflow.cli import main

if __name__ == "__main__":
    sys.exit(main())
