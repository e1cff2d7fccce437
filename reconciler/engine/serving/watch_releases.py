"""Watch a target: which releases are to be served from now on, which are refused, which models are retired.

A look asks for the pointers alone; a release is read when its pointer changed, and again, ever more seldom, while it is
refused. A target or a store that does not answer changes nothing: what is served goes on being served.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from reconciler.core.artifact.observed_state import LiveDeployment
from reconciler.core.digest import Digest
from reconciler.core.spec.desired_state import DesiredState
from reconciler.core.spec.environment import Environment
from reconciler.engine.dependencies import Dependencies
from reconciler.engine.serving.verified_release import verified_release
from reconciler.errors import ReconcilerError, UsageError
from reconciler.ports import PointerWatch, Target
from reconciler.ports.serving.changes import Looked, RefusedRelease, RetiredModel, ServingChange, VerifiedRelease

_LONGEST_WAIT = 64  # looks between two at a release that was refused


@dataclass(slots=True)
class _Seen:
    """What is known of a model. `token`: of its pointer when it was looked at; `refused`: why it is not served; `wait`,
    `left`: looks until the next one at it."""

    token: str | None = None
    served: tuple[Digest, Digest | None] | None = None
    refused: str | None = None
    wait: int = 1
    left: int = 0


class ReleaseWatcher:
    """Looks at what an environment serves. `folder`: for copies of releases."""

    def __init__(self, deps: Dependencies, desired: DesiredState, environment: Environment, folder: Path) -> None:
        if environment.name not in deps.targets:
            raise UsageError(
                f"{environment.name} declares no target, so nothing is served from it",
                hint=f"declare `target: {{uses: directory, root: serving}}` in environments/{environment.name}.yaml",
                code="E801",
            )
        self._deps, self._desired, self._environment, self._folder = deps, desired, environment, folder
        self._seen: dict[str, _Seen] = {}

    def look(self) -> Iterator[ServingChange]:
        """Yield what changed since the last look, and at the end that it is over."""
        try:
            tokens = pointers(self._deps.targets[self._environment.name])
        except ReconcilerError as error:
            yield Looked(trouble=str(error))
            return
        for model in sorted(self._seen.keys() - tokens.keys()):
            del self._seen[model]
            yield RetiredModel(model=model)
        trouble = None
        for model, token in sorted(tokens.items()):
            seen = self._seen.setdefault(model, _Seen())
            if not self._is_due(seen, token):
                continue
            try:
                yield from self._examined(model, seen, token)
            except ReconcilerError as error:
                trouble = str(error)
            except OSError as error:
                trouble = f"{self._folder}: {error.strerror}"
        yield Looked(trouble=trouble)

    def failed(self, model: str, artifact: Digest, reason: str) -> None:
        """Remember that a release that was handed out could not be loaded."""
        seen = self._seen.get(model)
        if seen is not None and seen.served is not None and seen.served[0] == artifact:
            seen.served, seen.refused, seen.left = None, reason, _LONGEST_WAIT

    @staticmethod
    def _is_due(seen: _Seen, token: str) -> bool:
        if seen.token != token:
            seen.wait, seen.left = 1, 0
            return True
        if seen.refused is None:
            return False
        seen.left -= 1
        return seen.left <= 0

    def _examined(self, model: str, seen: _Seen, token: str) -> Iterator[ServingChange]:
        seen.token = token
        try:
            deployment = self._observed(model)
            release = verified_release(self._deps, self._desired, self._environment, deployment, self._folder)
        except ReconcilerError as error:
            if pointers(self._deps.targets[self._environment.name]).get(model) != token:
                return  # replaced while it was read: the next look sees it
            reason = str(error)
            seen.wait, seen.left = min(2 * seen.wait, _LONGEST_WAIT), seen.wait
            if seen.refused != reason:
                seen.refused = reason
                yield RefusedRelease(model=model, reason=reason)
            return
        yield from self._accepted(model, seen, release)

    def _accepted(self, model: str, seen: _Seen, release: VerifiedRelease | None) -> Iterator[ServingChange]:
        was_refused, seen.refused = seen.refused is not None, None
        if release is None:
            seen.served = None
            yield RetiredModel(model=model)
            return
        served = (release.artifact, release.entry)
        if seen.served != served or was_refused:
            seen.served = served
            yield release

    def _observed(self, model: str) -> LiveDeployment:
        found = self._deps.targets[self._environment.name].observe([model], others=False)
        return next((each for each in found if each.model == model), LiveDeployment(model=model, current=None))


def pointers(target: Target) -> Mapping[str, str]:
    """Return for each model with a pointer a text that changes whenever the pointer does."""
    if isinstance(target, PointerWatch):
        return target.pointers()
    return {each.model: f"{each.current} {each.drift}" for each in target.observe(())}
