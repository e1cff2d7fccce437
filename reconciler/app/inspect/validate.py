"""Validate the manifests: with the columns of the tables that can be reached, and with this machine's runtime."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import partial
from importlib.util import find_spec
from pathlib import Path

from reconciler import plugins
from reconciler.adapters.executors.compute import HeaderWorker
from reconciler.adapters.filesystem.resolved_path import resolve
from reconciler.adapters.system import host
from reconciler.adapters.system.secret import read_secret
from reconciler.app import locations
from reconciler.app.inspect import plug_ins
from reconciler.app.project_options import ProjectOptions
from reconciler.app.wiring import cached_headers, read_manifests
from reconciler.core.artifact.data_snapshot import Snapshot
from reconciler.core.spec.desired_state import DesiredState
from reconciler.core.spec.environment import Environment
from reconciler.core.spec.runtime import OF_ESTIMATORS, differences, remedy, runtime_for
from reconciler.engine.refresh.refresh_notes import capped_everywhere, unset_notes, windows_ahead
from reconciler.engine.storage import data_snapshots
from reconciler.engine.table_lookup import HeaderLookup
from reconciler.errors import InvalidManifestsError, ReconcilerError
from reconciler.ports import StorageAccess


def validate(options: ProjectOptions) -> tuple[DesiredState, tuple[str, ...]]:
    """Return what the manifests declare, and notes on what could not be checked or will not work on this machine.

    Raises InvalidManifestsError with every problem, and the notes as well.
    """
    headers, secret = HeaderWorker(), partial(read_secret, options.root, os.environ)
    data_root = locations.data_root(options.data_root, options.root)
    with locations.scratch() as scratch:
        newest = partial(_newest_here, options.root, scratch)
        lookup = HeaderLookup(
            headers=cached_headers(options, headers), data_root=data_root, secret=secret, newest=newest
        )
        try:
            with read_manifests(options, tables=lookup) as checkout:
                desired = checkout.desired
                absent = tuple(plug_ins.notes(checkout))
                ahead = tuple(windows_ahead(desired.models, host.now().date(), checkout.position))
        except InvalidManifestsError as error:
            error.notes = lookup.notes()
            raise
        finally:
            headers.close()
    return desired, (
        *lookup.notes(),
        *absent,
        *ahead,
        *unset_notes(secret, desired),
        *capped_everywhere(desired),
        *_runtime_notes(desired),
        *_library_notes(desired),
    )


def _newest_here(root: Path, scratch: Path, sandbox: Environment) -> Snapshot | None:
    """Return the newest data snapshot of a sandbox whose store is a folder of this disk, with no link on the way."""
    place = sandbox.store
    if place.uses != "files" or place.root is None:
        return None
    try:
        found = resolve(str(root), place.root)
        if found.links:
            return None
        access = StorageAccess(
            root=root, project="", environment=sandbox.name, scratch=scratch, folder=Path(found.path)
        )
        return data_snapshots.newest(plugins.store(place, access))
    except (OSError, ReconcilerError):
        return None


def _library_notes(desired: DesiredState) -> Iterator[str]:
    """Say of each environment that only predicts which library of its models is not installed here."""
    for environment in desired.environments:
        if environment.trains:
            continue  # told of its runtime
        used = {model.recipe.estimator.uses for model in desired.models_of(environment.name)}
        for uses in sorted(used & OF_ESTIMATORS.keys()):
            if find_spec(uses) is None:
                yield (
                    f"this machine cannot predict by models of {environment.name} that use {uses}, which is not "
                    f"installed: pip install 'model-reconciler[{uses}]'"
                )


def _runtime_notes(desired: DesiredState) -> Iterator[str]:
    """Say of each sandbox whose declared runtime is not this machine's how to come to it."""
    declared = [each for each in desired.environments if each.runtime is not None]
    if not declared:
        return
    from reconciler.adapters.system import machine

    here = machine.runtime()
    for environment in declared:
        uses = {model.recipe.estimator.uses for model in desired.models_of(environment.name)}
        runtime = runtime_for(environment.runtime, uses) if environment.runtime is not None else None
        if runtime is not None and (mismatches := differences(runtime, here)):
            advice = remedy(runtime, here, environment.lock)
            yield f"this machine cannot train for {environment.name}: declared {'; '.join(mismatches)}: {advice}"
