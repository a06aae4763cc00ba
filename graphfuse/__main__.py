"""``python -m graphfuse`` is the same as ``graphfuse``."""

import sys

from graphfuse.cli import main

if __name__ == "__main__":
    sys.exit(main())
