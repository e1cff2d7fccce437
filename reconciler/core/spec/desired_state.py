"""All environments and models that git declares at a commit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from reconciler.core.spec.environment import Environment
from reconciler.core.spec.experiment.declared_experiment import Experiment
from reconciler.core.spec.model import Model


def card_path(environment: str, model: str) -> str:
    """Return the path of a model's card, relative to the project."""
    return f"manifests/{environment}/{model}.md"


@dataclass(frozen=True, slots=True, kw_only=True)
class DesiredState:
    """All that git declares at `revision` (40 or 64 hex digits; None for a work tree). `cards`: the bytes of
    the models' cards, by path below the project."""

    project: str
    revision: str | None
    environments: tuple[Environment, ...]
    models: tuple[Model, ...]
    experiments: tuple[Experiment, ...] = ()
    cards: Mapping[str, bytes] = field(default_factory=dict, repr=False, compare=False)
    _by_environment: dict[str, dict[str, Model]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Index the models by environment, since they are looked up thousands of times."""
        index: dict[str, dict[str, Model]] = {}
        for model in self.models:
            index.setdefault(model.environment, {}).setdefault(model.name, model)
        object.__setattr__(self, "_by_environment", index)

    @property
    def is_remote(self) -> bool:
        """Tell whether any store or target is not on this machine's disks."""
        return any(place.root is None for environment in self.environments for place in environment.places)

    def environment(self, name: str) -> Environment | None:
        """Return the environment of this name, or None."""
        return next((environment for environment in self.environments if environment.name == name), None)

    def models_of(self, environment: str) -> tuple[Model, ...]:
        """Return the models declared for an environment, in the order of `models`."""
        return tuple(self._by_environment.get(environment, {}).values())

    def count_in(self, environment: str) -> int:
        """Return how many models are declared for an environment."""
        return len(self._by_environment.get(environment, {}))

    def model(self, environment: str, name: str) -> Model | None:
        """Return the model as declared for an environment, or None."""
        return self._by_environment.get(environment, {}).get(name)

    def experiment(self, name: str) -> Experiment | None:
        """Return the experiment of this name, or None."""
        return next((experiment for experiment in self.experiments if experiment.name == name), None)

    def card(self, environment: str, model: str) -> bytes:
        """Return the bytes of a model's card; none where git has no card."""
        return self.cards.get(card_path(environment, model), b"")

    def upstream(self, environment: str) -> tuple[str, ...]:
        """Return every environment that this one promotes from, directly or through others, nearest first."""
        upstream: list[str] = []
        pending = [environment]
        while pending:
            declared = self.environment(pending.pop(0))
            new = [name for name in (declared.promotes_from if declared else ()) if name not in upstream]
            upstream += new
            pending += new
        return tuple(upstream)

    def downstream(self, environment: str) -> tuple[Environment, ...]:
        """Return every environment that promotes from this one, directly or through others."""
        return tuple(other for other in self.environments if environment in self.upstream(other.name))
