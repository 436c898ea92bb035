"""``shrinkage judge kernel.py --against REFERENCE``: a candidate against an implementation that is believed.

The setting is that of generated kernels: a reference function or module, a candidate of the same signature, and inputs
of given shapes. Here the candidate is in a process of its own (`bench`) in which neither the reference nor its answers
are, and the clock is the judge's. The reference is evaluated in float64, and what an evaluation in the dtype at hand
may be off by is estimated by running its own formula with errors (`arithmetic`, `libraries`). Inputs (`problems`) are
those that the reference's `get_inputs` gives and harder ones of the same kind. A wrong answer that is a known cheat's
is called by its name (`verdict`); of what in its file can tell who calls it is told (`asks`).
"""
