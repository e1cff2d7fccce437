"""Check keys before a command needs them: those that environments trust, and the one that this process signs with."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from reconciler.core.digest import short
from reconciler.core.inspect.health_check import Check, Level
from reconciler.core.spec.desired_state import DesiredState
from reconciler.core.spec.environment import Environment
from reconciler.core.status_codes import status_of
from reconciler.core.trust.keys import NO_TRUST, TrustedKey, TrustRole
from reconciler.engine.dependencies import Dependencies
from reconciler.engine.trust.evidence import day_of
from reconciler.engine.trust.list_keys import trust_in
from reconciler.errors import ReconcilerError
from reconciler.ports import Signer

SOON = 30  # days before its end from which on a key is warned of
_PROBE, _PROBE_TYPE = b"probe", "application/vnd.model-reconciler.probe"


def signing_key(deps: Dependencies, desired: DesiredState, area: str) -> Iterator[Check]:
    """Check the key that this process signs with, if any: it opens, it signs, and some environment trusts it today."""
    try:
        signer = deps.signer()
        if signer is None:
            return
        made = signer.sign(_PROBE_TYPE, _PROBE)
        right = deps.verifier is None or deps.verifier.signed_by(_PROBE_TYPE, _PROBE, (made,), (signer.key,))
    except ReconcilerError as error:
        yield Check(
            area=area, name="key", level=Level.BAD, found=str(error), remedy=error.hint, status=status_of(error)
        )
        return
    if not right:
        found = f"what the signing key ({short(signer.key.id)}) signs is not right by its public half"
        remedy = "RECONCILER_SIGNING_PUBLIC must name the public half of the key that RECONCILER_SIGNING_KEY names"
        yield Check(area=area, name="key", level=Level.BAD, found=found, remedy=remedy)
        return
    yield _declared(signer, desired, day_of(deps.clock()), area)


def _declared(signer: Signer, desired: DesiredState, today: str, area: str) -> Check:
    known = [
        (environment, role, key)
        for environment in desired.environments
        for role in TrustRole
        for key in environment.trust.keys(role)
        if key.key.id == signer.key.id
    ]
    if not known:
        return Check(
            area=area,
            name="key",
            level=Level.WARNING,
            found=f"no environment trusts the key that this process signs with ({short(signer.key.id)})",
            remedy="`reconciler keys new ROLE --in ENV --public FILE` proposes that one does; or name another key",
        )
    problems = [problem for _, _, key in known if (problem := key.problem(today)) is not None]
    places = ", ".join(f"{role.value} in {environment.name}" for environment, role, _ in known)
    return Check(
        area=area,
        name="key",
        level=Level.BAD if len(problems) == len(known) else Level.GOOD,
        found=f"this process signs as {known[0][2].label}: {problems[0] if len(problems) == len(known) else places}",
        remedy="name a key that counts today: `reconciler keys list` shows them",
    )


def trusted_keys(deps: Dependencies, desired: DesiredState, environment: Environment) -> Iterator[Check]:
    """Check the keys that an environment trusts: their days, and whether what git says of them is in force."""
    if environment.trust == NO_TRUST:
        return
    today, name = day_of(deps.clock()), environment.name
    for role in TrustRole:
        keys = environment.trust.keys(role)
        counting = [key for key in keys if key.problem(today) is None]
        if keys and len(counting) < environment.trust.least(role):
            problem = next(problem for key in keys if (problem := key.problem(today)) is not None)
            yield Check(
                area=name,
                name="keys",
                level=Level.BAD if environment.trust.required else Level.WARNING,
                found=f"{len(counting)} of {environment.trust.least(role)} {role.value} keys count today: {problem}",
                remedy=f"`reconciler keys rotate {keys[-1].file} --in {name}` proposes a new one",
            )
            continue
        yield from (_ending(key, role, today, name) for key in counting if _left(key, today) is not None)
    try:
        listed = trust_in(deps, desired, environment)
    except ReconcilerError as error:
        yield Check(
            area=name, name="keys", level=Level.BAD, found=str(error), remedy=error.hint, status=status_of(error)
        )
        return
    for waiting in listed.not_in_force:
        yield Check(
            area=name,
            name="keys",
            level=Level.WARNING,
            found=f"not in force: {waiting}",
            remedy=f"`reconciler controls show {name}` says what it waits for",
        )
    every = len(environment.trust.every)
    asked = "what they did not sign is refused" if environment.trust.required else "what they did not sign is only told"
    yield Check(area=name, name="keys", level=Level.GOOD, found=f"{every} trusted; {asked}")


def _left(key: TrustedKey, today: str) -> int | None:
    """Return the days until a key ends, where these are few."""
    if key.until is None:
        return None
    days = (date.fromisoformat(key.until) - date.fromisoformat(today)).days
    return days if days < SOON else None


def _ending(key: TrustedKey, role: TrustRole, today: str, environment: str) -> Check:
    days = _left(key, today)
    return Check(
        area=environment,
        name="keys",
        level=Level.WARNING,
        found=f"the {role.value} key {key.label} ends on {key.until}: {days} day{'s' * (days != 1)} left",
        remedy=f"`reconciler keys rotate {key.file} --in {environment}` proposes its successor",
    )
