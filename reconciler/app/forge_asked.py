"""Tell whether anybody will ask the forge, before what speaks with one is imported."""

from __future__ import annotations

import os
from pathlib import Path

from reconciler.core.spec.desired_state import DesiredState
from reconciler.engine.dependencies import Dependencies
from reconciler.ports import Forge


def forge_if_asked(root: Path, desired: DesiredState, *, asks: bool, decides: bool) -> Forge | None:
    """Return the forge; None where nobody will ask it, since finding it takes a process and a token."""
    counts = any(e.policy.approvals or e.policy.owners for e in desired.environments)
    if not asks and not (decides and counts):
        return None
    from reconciler.app.forge_connection import forge_here

    return forge_here(root, os.environ)


def asks_people(deps: Dependencies, desired: DesiredState, environment: str) -> bool:
    """Tell whether people have to agree by the controls in force, whatever git says by now."""
    from reconciler.engine.controls.controls_log import ControlsLog

    if environment not in deps.stores:
        return False
    store = deps.stores[environment]
    return ControlsLog(store=store, project=desired.project, environment=environment).asks_people()
