"""Time, chance, several at once, and where a person sees what is going on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol, TypeVar

A = TypeVar("A")
R = TypeVar("R")


class Clock(Protocol):
    def __call__(self) -> datetime:
        """Now, UTC, whole seconds."""


class ParallelMap(Protocol):
    def __call__(self, ask: Callable[[A], R], subjects: Sequence[A]) -> list[R]:
        """Return the answers of `ask` in the order of `subjects`, asked one after the other or in parallel.

        The first error is raised, and no question is started after it. For reading only: writes have an order."""


class NewId(Protocol):
    def __call__(self) -> str:
        """A fresh random id, to tell our own attempt from another's."""


class Concurrency(Protocol):
    """How many models are worked on at once, and in which threads."""

    @property
    def count(self) -> int: ...

    def run(self, works: Sequence[Callable[[], None]]) -> None:
        """Run all works, which are independent: started in their order, at most `count` at once.

        After an interruption, or an error in one of them, no work is started; it is raised when the running ones have
        ended."""


class Progress(Protocol):
    """Where a person sees what is going on. Decides nothing; is called from several threads."""

    def expect(self, subjects: int) -> None:
        """So many subjects (models) will be worked on, and each will be left."""

    def start(self, subject: str, what: str) -> None:
        """`what` is now done about `subject`; what was done about it before is over."""

    def done(self, subject: str, result: str) -> None:
        """One step of it is over, with a result."""

    def leave(self, subject: str) -> None:
        """Nothing more is done about it."""
