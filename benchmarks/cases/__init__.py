"""What is timed, as data: function, sizes, inputs, and the cost in flops and in bytes moved.

Every function of the contract has at least a small and a large case. Small shows what a call costs, large what the
work costs; the others are sizes that people use, and inputs that are hostile to speed or to accuracy. Those without
`quick` are for who asks for all of them. Costs are the leading terms for the textbook's algorithm, as formulas of the
sizes: for one implementation beside another they are the same, whatever each of them really does.
"""

from collections.abc import Iterable

from shrinkage.benchmarks.cases import calculus, least_squares, networks, relu, ridge
from shrinkage.benchmarks.cases.bound import many_calls
from shrinkage.benchmarks.cases.case import Case
from shrinkage.loader.expressions import near

__all__ = ["CASES", "SELECTIONS", "Case", "WrongCase", "chosen", "many_calls"]

CASES: list[Case] = [*calculus.CASES, *least_squares.CASES, *ridge.CASES, *relu.CASES, *networks.CASES]

SELECTIONS = ("quick", "all")


class WrongCase(ValueError):
    """A name that is no case's; the message is one sentence."""


def chosen(names: Iterable[str] = (), selection: str = "quick") -> list[Case]:
    """The cases by name, `ridge-large`, or by function, `ridge`; without any, the whole selection.

    A case that is named is chosen whatever the selection, a function's cases are those in it.

    Raises
    ------
    WrongCase
        If there is no such case and no such function.
    """
    within = [case for case in CASES if case.quick or selection == "all"]
    found: dict[str, list[Case]] = {}
    for case in CASES:
        found[str(case)] = [case]
        found.setdefault(case.function, []).extend([case] if case in within else [])
    names = list(names)
    for name in names:
        if name not in found:
            function = name.split("-")[0]
            own = [str(case) for case in CASES if case.function == function]
            known = own or sorted({case.function for case in CASES})
            meant = near(name, own or found)
            listed = known[:4] if meant and len(known) > 5 else known
            more = f" and {len(known) - len(listed)} more" if len(listed) < len(known) else ""
            raise WrongCase(f"{name!r} is no case{meant}: there is {', '.join(listed)}{more}.")
    wanted = [case for name in names for case in found[name]] if names else within
    return list(dict.fromkeys(wanted))
