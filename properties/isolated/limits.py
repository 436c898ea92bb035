"""How much a judged process gets of what there is."""

from dataclasses import dataclass

LATE = "gave no answer within {:g} s"


@dataclass(frozen=True)
class Limits:
    """What the judged process may use.

    Parameters
    ----------
    seconds
        Of wall-clock time, for one call.
    megabytes
        Of memory, beyond what is mapped before the implementation is imported.
    files
        Open at the same time.
    """

    seconds: float = 20.0
    megabytes: int = 4096
    files: int = 256
