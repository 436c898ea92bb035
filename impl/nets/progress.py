"""How training says where it is: in lines, on a bar, or not at all."""

import sys
from types import TracebackType
from typing import Any


class Silent:
    """Says nothing."""

    def __enter__(self) -> "Silent":
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def step(self, done: int, loss: float) -> None:
        """So many steps are done; the last began at this loss."""

    def epoch(self, done: int, train: float, val: float) -> None:
        """So many epochs are done, and these are the accuracies."""

    def close(self) -> None:
        """Whatever happened, it is over."""


class Lines(Silent):
    """A line every so many steps, and one for each pair of accuracies."""

    def __init__(self, steps: int, epochs: int, every: int) -> None:
        self._steps, self._epochs, self._every = steps, epochs, every

    def step(self, done: int, loss: float) -> None:
        """Print the loss at the first step and every so many after it."""
        if (done - 1) % self._every == 0:
            print(f"(Iteration {done} / {self._steps}) loss: {loss:f}")

    def epoch(self, done: int, train: float, val: float) -> None:
        """Print the accuracies."""
        print(f"(Epoch {done} / {self._epochs}) train acc: {train:f}; val_acc: {val:f}")


class Bar(Silent):
    """A bar that fills up, with the last loss and accuracies behind it."""

    def __init__(self, progress: Any, steps: int, epochs: int, every: int) -> None:
        self._progress, self._epochs, self._every = progress, epochs, every
        self._task = progress.add_task("training", total=steps, loss="", accuracies="")
        progress.start()

    def step(self, done: int, loss: float) -> None:
        """Move on; show the loss every so many steps."""
        if (done - 1) % self._every == 0:
            self._progress.update(self._task, loss=f"loss {loss:.4f}")
        self._progress.update(self._task, advance=1)

    def epoch(self, done: int, train: float, val: float) -> None:
        """Show the accuracies."""
        self._progress.update(
            self._task,
            description=f"epoch {done} / {self._epochs}",
            accuracies=f"train acc {train:.3f}  val acc {val:.3f}",
        )

    def close(self) -> None:
        """Give the terminal back."""
        self._progress.stop()


def reporter(verbose: bool, steps: int, epochs: int, every: int) -> Silent:
    """A bar on a terminal, if `rich` is installed; else lines; nothing unless verbose."""
    if not verbose:
        return Silent()
    if sys.stdout.isatty():
        try:
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
        except ImportError:
            pass
        else:
            columns = ("{task.description}", "{task.fields[loss]}", "{task.fields[accuracies]}")
            description, loss, accuracies = map(TextColumn, columns)
            bar = Progress(description, BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), loss, accuracies)
            return Bar(bar, steps, epochs, every)
    return Lines(steps, epochs, every)
