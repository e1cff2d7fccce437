"""List the keys that environments trust, as git declares them, and what of that is not in force. Reads only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from reconciler.core.controls.weakened_trust import loosened_trust
from reconciler.core.spec.desired_state import DesiredState
from reconciler.core.spec.environment import Environment
from reconciler.core.trust.keys import TrustedKey, TrustRole
from reconciler.core.trust.results import EnvironmentTrust, KeyList, ListedKey
from reconciler.engine.controls.controls_log import ControlsLog
from reconciler.engine.dependencies import Dependencies
from reconciler.engine.trust.evidence import day_of


def list_keys(deps: Dependencies, desired: DesiredState, environments: Iterable[Environment]) -> KeyList:
    """Return the keys of environments, and the one that this process signs with."""
    signer = deps.signer()
    return KeyList(
        environments=tuple(trust_in(deps, desired, each) for each in environments),
        signs=signer.key.id if signer is not None else None,
    )


def trust_in(deps: Dependencies, desired: DesiredState, environment: Environment) -> EnvironmentTrust:
    """Return what one environment trusts today."""
    trust, today = environment.trust, day_of(deps.clock())
    return EnvironmentTrust(
        environment=environment.name,
        required=trust.required,
        keys=tuple(_listed(environment.name, role, key, today) for role in TrustRole for key in trust.keys(role)),
        trainers=trust.least(TrustRole.TRAINER),
        not_in_force=tuple(_waiting(deps, desired, environment)),
    )


def _waiting(deps: Dependencies, desired: DesiredState, environment: Environment) -> Iterator[str]:
    """Yield what git loosens and the controls in force do not: the next apply says whether it is let in."""
    log = ControlsLog(store=deps.stores[environment.name], project=desired.project, environment=environment.name)
    head = log.head()
    told: dict[str, None] = {}
    for controls in log.in_force(head.entry) if head is not None else ():
        for item in loosened_trust(controls.trust, environment.trust):
            told[f"{item.what}: {item.old} -> {item.new}"] = None
    yield from told


def _listed(environment: str, role: TrustRole, key: TrustedKey, today: str) -> ListedKey:
    problem, state = key.problem(today), "valid"
    if problem is not None:
        late = key.since is not None and today < key.since
        state = "revoked" if key.revoked is not None else "not-yet" if late else "expired"
    return ListedKey(
        environment=environment,
        role=role.value,
        file=key.file,
        id=key.key.id,
        scheme=key.key.scheme.value,
        state=state,
        since=key.since,
        until=key.until,
        why=problem,
    )
