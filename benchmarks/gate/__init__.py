"""One revision against another, with a declared false-alarm rate: ``shrinkage gate BASE [HEAD]``.

How it decides. Both revisions are exported into folders of their own, each with its own Numba cache; the benchmarks,
the claims and their bounds are those of the tree that the gate is run from, for both. Then, each apart:

time
    The unit is a round of three fresh processes on one core, of base, of head and of base again (the twin), which take
    short samples in turn, in random order and back (`rounds`). Of a case it gives one number: log of head's time over
    base's. Rounds say which cases may have become slower; a sign test over new rounds confirms it or clears them
    (`decide`, `timed`). Base against its twin goes the same way: where that differs, the machine is not to be trusted,
    and no time is gated.
compile, memory, accuracy
    Seconds to compile from an empty cache, the peak of what a call allocates, the worst error over bound on the same
    problems (`metrics`); what looks worse is measured again before it is called a regression (`metric`).

The verdict is `pass`, `regression` or `inconclusive`; exit codes 0, 1 and 2.
"""
