"""Everything outside the process, by port. A bag without methods; a function that needs one port takes one port."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from reconciler.ports import (
    Clock,
    Concurrency,
    DataEngine,
    Forge,
    NewId,
    ParallelMap,
    Progress,
    Scorer,
    Source,
    Store,
    Tags,
    Target,
    Trainer,
)

A = TypeVar("A")
R = TypeVar("R")


def one_by_one(ask: Callable[[A], R], subjects: Sequence[A]) -> list[R]:
    return [ask(one) for one in subjects]


class Sequential:
    """One work after the other, here. Implements ports.Lanes."""

    count = 1

    def run(self, works: Sequence[Callable[[], None]]) -> None:
        for work in works:
            work()


ONE = Sequential()


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependencies:
    """`stores` and `targets` by environment. `trainer` is None where nothing trains (production), so that its process
    need not even be able to import one. `forge` is who is asked for approvals; None where there is none. `scratch` is a
    private empty folder; `data_root` is where table paths start. `lanes`: how many models are worked on at once; with
    more than one, every port is used from several threads. `each` asks the same of many models: side by side where a
    store is far away, since reading is then mostly waiting."""

    source: Source
    stores: Mapping[str, Store]
    targets: Mapping[str, Target]
    data: DataEngine
    trainer: Trainer | None
    scorer: Scorer
    clock: Clock
    new_id: NewId
    progress: Progress
    who: Callable[[], str]
    scratch: Path
    data_root: Path
    lanes: Concurrency = ONE
    each: ParallelMap = one_by_one
    forge: Forge | None = None
    tags: Tags | None = None
