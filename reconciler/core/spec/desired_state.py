"""All environments and models that git declares at a commit."""

from __future__ import annotations

from dataclasses import dataclass, field

from reconciler.core.spec.environment import Environment
from reconciler.core.spec.model import Model


@dataclass(frozen=True, slots=True, kw_only=True)
class DesiredState:
    """All that git says at `revision` (40 or 64 hex digits; None for a work tree)."""

    project: str
    revision: str | None
    environments: tuple[Environment, ...]
    models: tuple[Model, ...]
    _by_environment: dict[str, dict[str, Model]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Models are looked up thousands of times."""
        index: dict[str, dict[str, Model]] = {}
        for one in self.models:
            index.setdefault(one.environment, {}).setdefault(one.name, one)
        object.__setattr__(self, "_by_environment", index)

    @property
    def far(self) -> bool:
        """Whether any store or target is elsewhere than on this machine's disks."""
        return any(place.root is None for one in self.environments for place in one.places)

    def environment(self, name: str) -> Environment | None:
        return next((one for one in self.environments if one.name == name), None)

    def models_of(self, environment: str) -> tuple[Model, ...]:
        return tuple(self._by_environment.get(environment, {}).values())

    def count_in(self, environment: str) -> int:
        return len(self._by_environment.get(environment, {}))

    def model(self, environment: str, name: str) -> Model | None:
        return self._by_environment.get(environment, {}).get(name)

    def upstream(self, environment: str) -> tuple[str, ...]:
        """Every environment that this one promotes from, straight or through others, nearest first."""
        found: list[str] = []
        pending = [environment]
        while pending:
            here = self.environment(pending.pop(0))
            new = [name for name in (here.promotes_from if here else ()) if name not in found]
            found += new
            pending += new
        return tuple(found)

    def downstream(self, environment: str) -> tuple[Environment, ...]:
        """Every environment that promotes from this one, straight or through others."""
        return tuple(one for one in self.environments if environment in self.upstream(one.name))
