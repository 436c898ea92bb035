"""A process of a hunt: ``python -m shrinkage.properties.hunt FD``, its pipe being there already."""

import sys
from multiprocessing.connection import Connection

from shrinkage.properties.hunt.hand import work

if __name__ == "__main__":
    work(Connection(int(sys.argv[1])))
