"""Find what a change loosens in the keys that an environment trusts. Pure.

Another key may sign what no key in force did; a key that is gone leaves what it signed unproven. Both count.
"""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.controls.weakened_gates import NOTHING, WeakenedGate
from reconciler.core.trust.keys import Trust, TrustedKey, TrustRole

_NEVER = "9999-12-31"


def loosened_trust(old: Trust, new: Trust) -> Iterator[WeakenedGate]:
    """Yield what `new` trusts that `old` did not, and what it asks for no more; nothing where `old` trusted nobody and
    asked for nothing."""
    if old.required and not new.required:
        yield WeakenedGate(what="trust.required", old="signatures are required", new="unsigned is let through")
    if new.reproduced < old.reproduced:
        yield WeakenedGate(what="trust.reproduced", old=f"by {old.reproduced} trainers", new=f"{new.reproduced}")
    for role in TrustRole:
        before = {each.key.id: each for each in old.keys(role)}
        after = {each.key.id: each for each in new.keys(role)}
        if not before and not old.required:
            continue
        if new.least(role) < old.least(role):
            what = f"trust.threshold.{role.value}"
            yield WeakenedGate(what=what, old=f"{old.least(role)} keys", new=f"{new.least(role)}")
        for key, each in after.items():
            known = before.get(key)
            if known is None:
                yield WeakenedGate(what=f"trust.keys.{role.value}", old=NOTHING, new=f"{each.label} is trusted")
            elif _longer(known, each):
                yield WeakenedGate(what=f"trust.keys.{role.value}", old=_validity(known), new=_validity(each))
        for key, each in before.items():
            if key not in after:
                yield WeakenedGate(what=f"trust.keys.{role.value}", old=f"{each.label} is trusted", new=NOTHING)


def _longer(old: TrustedKey, new: TrustedKey) -> bool:
    """Tell whether a key is trusted on a day on which it was not."""
    if old.revoked is not None:
        return new.revoked is None
    return (new.until or _NEVER) > (old.until or _NEVER) or (new.since or "") < (old.since or "")


def _validity(key: TrustedKey) -> str:
    if key.revoked is not None:
        return f"{key.label} revoked on {key.revoked}"
    return f"{key.label} from {key.since or 'ever'} until {key.until or 'further notice'}"
