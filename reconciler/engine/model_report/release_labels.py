"""Say what a release rests on, as texts for people who see it in a registry: gates, the change, who applied it."""

from __future__ import annotations

from contextlib import suppress

from reconciler.core.artifact.journal import Entry
from reconciler.core.digest import Digest
from reconciler.core.spec.gates import Verification
from reconciler.engine.plan import verification as verify
from reconciler.errors import ReconcilerError
from reconciler.ports import Store


def labels_of(store: Store, entry: Entry) -> dict[str, str]:
    """Return labels of a journal entry. What cannot be read is left out: a label decides nothing."""
    found = {
        "action": entry.action.value,
        "commit": entry.commit or "",
        "reason": entry.reason,
        "who": entry.who,
        "when": entry.when.isoformat(),
        "request": entry.approved.url if entry.approved is not None else "",
    }
    if entry.artifact is not None:
        recorded = _recorded(store, entry, entry.artifact)
        results = recorded.results if recorded is not None else ()
        found["gates"] = "; ".join(f"{each.verdict.value}: {each.reason}" for each in results)
    return {name: text for name, text in found.items() if text}


def _recorded(store: Store, entry: Entry, artifact: Digest) -> Verification | None:
    """Return the verification of an entry; of one without, such as a restore, the only one of its
    environment here."""
    with suppress(ReconcilerError):
        if entry.verification is not None:
            return verify.read(store, artifact, entry.verification)
        here = [each for each in verify.recorded(store, artifact) if each.environment == entry.environment]
        return here[0] if len(here) == 1 else None
    return None
