"""Find what an apply, or a rollback, is to be told of. Reads only."""

from __future__ import annotations

from contextlib import suppress

from reconciler.core.artifact.journal import Action
from reconciler.core.digest import short
from reconciler.core.notices.notice import Notice, refusals
from reconciler.core.plan.apply_result import ApplyResult
from reconciler.core.spec.notify import NoticeEvent
from reconciler.engine.storage import journal
from reconciler.errors import IntegrityError
from reconciler.ports import Store


def notices_of(store: Store, project: str, applied: ApplyResult) -> tuple[Notice, ...]:
    """Return what an apply did and was refused."""
    deployed = [result.model for result in applied.results if result.action is Action.DEPLOY and result.done]
    made = (deployment(store, project, applied.environment, model) for model in deployed)
    return (*refusals(applied), *(notice for notice in made if notice is not None))


def deployment(store: Store, project: str, environment: str, model: str) -> Notice | None:
    """Return the notice of a model's newest deployment; None where its newest entry is none."""
    head = journal.head(store, project=project, environment=environment, model=model)
    if head is None or head.entry.action is not Action.DEPLOY or head.entry.artifact is None:
        return None
    entry, artifact, before = head.entry, head.entry.artifact, None
    if entry.n:
        with suppress(IntegrityError):  # it is deployed, whatever became of the entry before
            before = journal.back_to(store, head, entry.n - 1)
    again = head.state.hold is not None or (before is not None and artifact in before.state.vetted)
    return Notice(
        environment=environment,
        event=NoticeEvent.ROLLED_BACK if again else NoticeEvent.PROMOTED,
        model=model,
        about=f"entry {entry.n}",
        text=f"{short(artifact)} is deployed (journal entry {entry.n}), by {entry.who}: {entry.reason}",
    )
