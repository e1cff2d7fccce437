"""Who is told of what happens in an environment: a channel each, by a reference to its address."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class NoticeEvent(StrEnum):
    """What people can be told of."""

    REFUSED = "refused"  # a model was refused: by its gates, by a control, by a check
    DRIFTED = "drifted"  # something is served that was not applied
    DEGRADED = "degraded"  # what is live does not keep what it promised
    PROMOTED = "promoted"  # an artifact was deployed
    ROLLED_BACK = "rolled-back"  # an artifact that was deployed before was deployed again


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeChannel:
    """A channel. `to`: where its address is (env:NAME, file:PATH), never the address, which is a secret; `on`: what it
    is told, sorted."""

    to: str
    on: tuple[NoticeEvent, ...] = tuple(sorted(NoticeEvent))
