"""The benchmarks, tested: cases, races, the gate, reports."""
