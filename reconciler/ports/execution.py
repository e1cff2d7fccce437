"""The ports of time, random ids, parallel work and progress, and of messages to people."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol, TypeVar

A = TypeVar("A")
R = TypeVar("R")


class Clock(Protocol):
    """Tells the time."""

    def __call__(self) -> datetime:
        """Return the current time in UTC, in whole seconds."""


class ParallelMap(Protocol):
    def __call__(self, ask: Callable[[A], R], subjects: Sequence[A]) -> list[R]:
        """Return the answers of `ask` in the order of `subjects`, asked one after the other or in parallel.

        The first error is raised, and no question is started after it. For reading only: writes have an order."""


class NewId(Protocol):
    """Makes random ids."""

    def __call__(self) -> str:
        """Return a fresh random id, by which a process recognises its own attempt."""


class Concurrency(Protocol):
    """How many models are worked on at once, and in which threads."""

    @property
    def count(self) -> int: ...

    def run(self, works: Sequence[Callable[[], None]]) -> None:
        """Run all works, which are independent: started in their order, at most `count` at once.

        After an interruption, or an error in one of them, no work is started; it is raised when the running ones have
        ended."""


class Progress(Protocol):
    """Shows a person the progress of a command. Decides nothing; is called from several threads."""

    def expect(self, subjects: int) -> None:
        """Announce how many subjects (models) will be worked on; `leave` is called for each."""

    def start(self, subject: str, what: str) -> None:
        """Show the step `what` of a subject; its step before is over."""

    def done(self, subject: str, result: str) -> None:
        """Show the result of a finished step."""

    def leave(self, subject: str) -> None:
        """Show that work on a subject is over."""


class Notifier(Protocol):
    """Sends messages to people. A message that was not sent stops nothing, so failures are answers."""

    def send(self, address: str, *, title: str, body: str) -> str | None:
        """Send a message; return why it could not be sent, without the address, which is a secret. None: it was."""
