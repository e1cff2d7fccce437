"""Find environments that git does not declare any more, and tell what their stores and targets still hold. Reads only.

Such an environment is planned and applied as it was last declared, with no model: each that it still serves is retired,
by consent (ADR 35). Git's history is asked only where a command looks at all environments, or names one that git does
not declare.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

from reconciler.core.artifact import store_layout
from reconciler.core.inspect.audit import AuditFinding
from reconciler.core.spec.desired_state import DesiredState
from reconciler.core.spec.environment import Environment
from reconciler.engine.dependencies import Dependencies
from reconciler.engine.storage import journal
from reconciler.errors import ReconcilerError, UsageError
from reconciler.manifest.unchecked import past_manifest
from reconciler.ports import Source

FOLDER = "environments"
_FORMS = (".yaml", ".yml")


@dataclass(frozen=True, slots=True, kw_only=True)
class Leftover:
    """An environment that git does not declare any more and whose store or target is still in use: what is found there,
    and the remedy."""

    environment: Environment
    problem: str
    remedy: str

    @property
    def note(self) -> AuditFinding:
        """Return it as a note of `audit`."""
        return AuditFinding(environment=self.environment.name, where="git", problem=self.problem, remedy=self.remedy)

    def __str__(self) -> str:
        return f"{self.problem}: {self.remedy}"


def with_removed(source: Source, desired: DesiredState, names: Collection[str] | None) -> DesiredState:
    """Return `desired` with the environments that git's history declares and `desired` does not, as they were last.

    `names`: those that are wanted; None: all, but those that cannot be read, and those whose store or target a declared
    environment uses by now. Raises SourceError E307 where one is named and the history is too short.
    """
    declared = {environment.name for environment in desired.environments}
    if desired.revision is None or (names is not None and declared.issuperset(names)):
        return desired
    try:
        files = source.removed(FOLDER, at=desired.revision)
        bodies = source.read(file.id for file in files)
    except ReconcilerError:
        if names is None:
            return desired
        raise
    past: dict[str, Environment] = {}
    for file in files:
        if not file.path.endswith(_FORMS):
            continue
        try:
            environment = replace(past_manifest.environment(bodies[file.id]), removed=file.path)
        except past_manifest.UnreadableError:
            continue
        if environment.name not in declared and (names is None or environment.name in names):
            past.setdefault(environment.name, environment)
    used = [place for environment in desired.environments for place in environment.places]
    kept = (each for each in past.values() if not any(place.overlaps(other) for place in each.places for other in used))
    return replace(desired, environments=(*desired.environments, *kept))


def leftovers(deps: Dependencies, desired: DesiredState) -> tuple[Leftover, ...]:
    """Return those removed environments of `desired` whose store or target is still in use, or cannot be read."""
    found = (leftover(deps, desired, each) for each in desired.environments if each.removed is not None)
    return tuple(each for each in found if each is not None)


def leftover(deps: Dependencies, desired: DesiredState, environment: Environment) -> Leftover | None:
    """Return what a removed environment still holds; None where nothing is served there, and nothing stored."""
    name = environment.name
    gone = f"{environment.removed} is in git no more"
    try:
        models = _models(deps, desired.project, environment)
        stores = environment.trains and deps.stores[name].read(store_layout.MARK) is not None
    except ReconcilerError as error:
        problem = f"{gone}, and what {name} still holds cannot be told: {error}"
        return Leftover(environment=environment, problem=problem, remedy=error.hint or _back(environment))
    if models:
        shown = ", ".join(models[:5]) + (f" and {len(models) - 5} more" if len(models) > 5 else "")
        problem = f"{gone}, and {name} still serves {shown}"
        return Leftover(environment=environment, problem=problem, remedy=_retire(environment))
    if stores:
        problem = f"{gone}, and its store {environment.store.address} is still there"
        remedy = "nothing is served from it: remove it once no other environment's artifacts come from there"
        return Leftover(environment=environment, problem=problem, remedy=remedy)
    return None


def without_settled(desired: DesiredState, left: Collection[Leftover]) -> DesiredState:
    """Return `desired` without those removed environments that hold nothing any more."""
    names = {each.environment.name for each in left}
    kept = tuple(each for each in desired.environments if each.removed is None or each.name in names)
    return desired if len(kept) == len(desired.environments) else replace(desired, environments=kept)


def declared_beside(desired: DesiredState, environment: Environment) -> DesiredState:
    """Return what git declares and `environment`; no other that it declares no more, as nobody verifies for those."""
    kept = tuple(each for each in desired.environments if each.removed is None or each.name == environment.name)
    return desired if len(kept) == len(desired.environments) else replace(desired, environments=kept)


def check_deploys(environment: Environment) -> None:
    """Raise UsageError E801 for a removed sandbox: there is nothing to retire in it."""
    if environment.removed is not None and environment.trains:
        raise UsageError(
            f"{environment.name} is declared no more ({environment.removed}), and nothing is served from a sandbox",
            hint=f"bring the file back to train there again: {_back(environment)}",
            code="E801",
        )


def _models(deps: Dependencies, project: str, environment: Environment) -> list[str]:
    """Return the models that are deployed by a journal, and those that the target has a pointer of."""
    name = environment.name
    if environment.target is None:
        return []
    pointers = [served.current for served in deps.targets[name].observe([], others=True)]
    ours = (each for each in pointers if each is not None and (each.project, each.environment) == (project, name))
    deployed = {pointer.model for pointer in ours if pointer.artifact is not None}
    for model in journal.models(deps.stores[name], name):
        head = journal.head(deps.stores[name], project=project, environment=name, model=model)
        if head is not None and head.state.artifact is not None:
            deployed.add(model)
    return sorted(deployed)


def _retire(environment: Environment) -> str:
    name = environment.name
    return (
        f"`reconciler plan {name} --out FILE` shows its retirement, and `reconciler apply {name} --plan FILE` carries "
        f"it out; to keep it, {_back(environment)}"
    )


def _back(environment: Environment) -> str:
    """Say how the file comes back."""
    return f"bring {environment.removed} back: git log --diff-filter=D -- {environment.removed} shows the commit"
