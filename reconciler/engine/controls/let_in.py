"""Decide whether a commit lets a loosening of the controls in, and what is in force where it does not. Reads only."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.core.controls.controls import EnvironmentControls, distinct
from reconciler.core.controls.loosened import loosened
from reconciler.errors import SourceError
from reconciler.ports import Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Obstacle:
    """Why a loosening is not let in by the commit at hand alone. `people`: an approval would let it in."""

    reason: str
    people: bool = False


def held_back(
    before: tuple[EnvironmentControls, ...], declared: EnvironmentControls
) -> tuple[EnvironmentControls, ...]:
    """Return what is in force where a loosening is not let in: what was, and what is declared. Of the sets that
    tightened what was in force before, those stay that the new one loosens."""
    first, *others = before
    stricter = (each for each in others if each != declared and loosened(each, declared))
    return distinct((first, *stricter, declared))


def let_in_obstacle(source: Source, revision: str | None, olds: tuple[EnvironmentControls, ...]) -> Obstacle | None:
    """Return why a commit does not let a loosening in, or None.

    Only the newest commit of the branch that is protected lets it in, and only with those who agree to changes by the
    controls in force: the owners, else the approvals; where there are neither, nobody is asked.
    """
    if revision is None:
        return Obstacle(reason="a work tree loosens nothing: commit it")
    for branch in dict.fromkeys(old.protect for old in olds if old.protect is not None):
        try:
            newest = source.tip(branch)
        except SourceError as error:
            return Obstacle(reason=str(error))
        if newest != revision:
            return Obstacle(reason=f"this commit is not the newest of {branch}")
    for old in olds:
        policy = old.policy
        if policy.owners:
            return Obstacle(reason=f"needs an approval of an owner ({', '.join(policy.owners)})", people=True)
        if policy.approvals is not None:
            people = ", ".join(policy.approvals.people)
            return Obstacle(reason=f"needs {policy.approvals.least} approvals of {people}", people=True)
    return None
