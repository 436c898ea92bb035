"""``python -m shrinkage`` is ``shrinkage``."""

import sys

from .cli import main

sys.exit(main())
