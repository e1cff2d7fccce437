"""Everything outside the process, by port. A bag without methods; a function that needs one port takes one port."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from reconciler.ports import Clock, Data, Forge, NewId, Progress, Scorer, Source, Store, Tags, Target, Trainer


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """`stores` and `targets` by environment. `trainer` is None where nothing trains (production), so that its process
    need not even be able to import one; `forge` is None where none is known. `scratch` is a private empty folder;
    `data_root` is where table paths start."""

    source: Source
    stores: Mapping[str, Store]
    targets: Mapping[str, Target]
    data: Data
    trainer: Trainer | None
    scorer: Scorer
    clock: Clock
    new_id: NewId
    progress: Progress
    who: str
    scratch: Path
    data_root: Path
    forge: Forge | None = None
    tags: Tags | None = None
