"""Claim a store for one environment of one project, and check whose it is."""

from __future__ import annotations

from reconciler import codec
from reconciler.core.artifact import store_layout
from reconciler.core.artifact.journal import StoreMark
from reconciler.engine.storage import numbered_log
from reconciler.errors import IntegrityError
from reconciler.ports import Store


def claim(store: Store, project: str, environment: str) -> None:
    """Create the mark of a store that nobody uses, or check that it is ours; raises as `check` does."""
    body = store.read(store_layout.MARK)
    if body is None:
        mark = codec.encode(StoreMark(project=project, environment=environment))
        body = numbered_log.create_or_read(store, store_layout.MARK, mark)
    check(body, project, environment)


def check(body: bytes, project: str, environment: str) -> None:
    """Check that a mark's bytes say whose store it is; IntegrityError E609 for another's, E508 for a damaged one."""
    owner = codec.decode(StoreMark, body, what=store_layout.MARK)
    if owner != StoreMark(project=project, environment=environment):
        raise IntegrityError(
            f"this store belongs to {owner.environment} of project {owner.project}",
            code="E609",
            hint=f"give {environment} of {project} a store of its own (`store.root`)",
        )
