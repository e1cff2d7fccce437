"""The same question about many models: one after the other, or side by side where a store is far away."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from reconciler.engine.world import World

A = TypeVar("A")
R = TypeVar("R")


def each(world: World, ask: Callable[[A], R], subjects: Sequence[A]) -> list[R]:
    """Answers in the order of `subjects`. The first error that is raised is raised here; what has not begun by then
    does not begin. Reading only: what writes has an order."""
    if world.at_once < 2 or len(subjects) < 2:
        return [ask(one) for one in subjects]
    pool = ThreadPoolExecutor(min(world.at_once, len(subjects)))
    try:
        return list(pool.map(ask, subjects))
    finally:
        pool.shutdown(cancel_futures=True)
