"""Bugs that the suite has to find: changes of the textbook, one file a chapter.

``python -m shrinkage.properties.selftest.seeded_bugs`` plants each of them, and prints which claim refutes it, and
after how long.
"""

from . import chapter_1, chapter_2, chapter_3, chapter_3_lams, chapter_4, chapter_5, chapter_5_nets
from .bug import Bug

BUGS: list[Bug] = [
    *chapter_1.BUGS,
    *chapter_2.BUGS,
    *chapter_3.BUGS,
    *chapter_3_lams.BUGS,
    *chapter_4.BUGS,
    *chapter_5.BUGS,
    *chapter_5_nets.BUGS,
]
