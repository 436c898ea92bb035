"""Who is judged, as it is said on a command line."""

from dataclasses import dataclass, fields

from ..peers import module_of


class WrongChoice(ValueError):
    """What cannot be turned into an implementation; the message is one sentence."""


class NotOffered(AttributeError):
    """A function of the contract that this implementation does not offer, or one of its arguments."""


@dataclass(frozen=True)
class Choice:
    """Who is judged, in text alone: it goes to another process as it is.

    Parameters
    ----------
    names
        Peers' short names, dotted modules or paths to ``.py`` files; the first that offers a function wins.
    calls
        ``"ridge=solve(A=X, b=y, alpha=lam)"``: how a function of the contract is called there.
    estimators
        ``"sklearn.linear_model:Ridge"``: classes with fit, coef_, intercept_ and predict.
    penalty
        Of the estimators: ``"sum"`` if it is added to the sum of the squared errors, ``"mean"`` if to their mean.
    profile
        Of a course whose rules they follow; empty for the contract's own.
    """

    names: tuple[str, ...]
    calls: tuple[str, ...] = ()
    estimators: tuple[str, ...] = ()
    penalty: str = "sum"
    profile: str = ""

    def __post_init__(self) -> None:
        for field in fields(self):  # from JSON, they come as lists
            if not isinstance(value := getattr(self, field.name), str):
                object.__setattr__(self, field.name, tuple(value))

    @property
    def name(self) -> str:
        """What it is called in reports."""
        return " + ".join((*self.names, *self.estimators))

    @property
    def ours(self) -> bool:
        """Whether it is the project's own peers, and nothing else."""
        return all(map(module_of, (*self.names, *self.calls, *self.estimators)))
