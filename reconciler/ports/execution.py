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
        """`ask` of each subject, one after the other or side by side; answers in their order. The first error that
        comes out is raised, and what has not begun by then does not begin. For reading: what writes has an order."""


class NewId(Protocol):
    def __call__(self) -> str:
        """A fresh random id, to tell our own attempt from another's."""


class Concurrency(Protocol):
    """How many models are worked on at once, and by whom."""

    @property
    def count(self) -> int: ...

    def run(self, works: Sequence[Callable[[], None]]) -> None:
        """Do all of them, begun in their order, at most `count` at once; they are independent. An interruption, or an
        error of one, begins nothing new; it is raised when what was begun has ended."""


class Progress(Protocol):
    """Where a person sees what is going on. Says nothing that decides anything; may be told from several lanes."""

    def expect(self, subjects: int) -> None:
        """So many subjects (models) will be worked on, and each will be left."""

    def start(self, subject: str, what: str) -> None:
        """`what` is now done about `subject`; what was done about it before is over."""

    def done(self, subject: str, result: str) -> None:
        """One step of it is over, with a result."""

    def leave(self, subject: str) -> None:
        """Nothing more is done about it."""
