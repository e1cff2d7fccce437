"""The same question about many models: one after the other, or side by side where a store is far away."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeVar

from reconciler.engine.world import World

A = TypeVar("A")
R = TypeVar("R")


def each(world: World, ask: Callable[[A], R], subjects: Sequence[A]) -> list[R]:
    """Answers in the order of `subjects`. An error is raised when what was begun has ended, and nothing new begins.
    Reading only: what writes has an order."""
    answers: dict[int, R] = {}

    def one(position: int, subject: A) -> None:
        answers[position] = ask(subject)

    world.readers.run([partial(one, position, subject) for position, subject in enumerate(subjects)])
    return [answers[position] for position in range(len(subjects))]
