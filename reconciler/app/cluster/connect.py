"""Open the cluster that a sandbox trains on: its address and certificates from where its manifest says."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from reconciler import __version__
from reconciler.adapters.cluster.dask_cluster import DaskCluster
from reconciler.adapters.executors.model_threads import ModelThreads
from reconciler.core.artifact import store_layout
from reconciler.core.digest import digest_of_bytes
from reconciler.core.spec.compute import DaskCompute, unsafe_address
from reconciler.core.spec.environment import Environment
from reconciler.engine.dependencies import Dependencies
from reconciler.engine.needed_secrets import is_unset, place_of
from reconciler.errors import UsageError
from reconciler.ports import ClusterStore, ConnectRequest

if TYPE_CHECKING:
    from reconciler.app.wiring import OpenProject

CONNECTING = 20  # seconds
ReadSecret = Callable[[str], str | None]


def open_cluster(project: OpenProject, environment: Environment, compute: DaskCompute) -> DaskCluster:
    """Return the cluster of an environment; it is connected to when something is computed on it."""
    return DaskCluster(
        connection=partial(connection, compute, project.deps.secret),
        store=partial(_store, project, environment),
        version=__version__,
        halt=project.halt,
    )


def on_cluster(
    project: OpenProject, environment: Environment, compute: DaskCompute, *, at_once: int, here: int
) -> Dependencies:
    """Return the ports of a sandbox that trains on a cluster: `at_once` models are worked on, of which this machine
    scores and selects for `here` at once."""
    for limit in project.limit_workers:
        limit(here)
    cluster = open_cluster(project, environment, compute)
    project.at_end(cluster.close)
    concurrency = ModelThreads(at_once, project.halt)
    return replace(project.deps, concurrency=concurrency, trainer=None, compute=cluster)


def _store(project: OpenProject, environment: Environment) -> ClusterStore:
    """Return what the workers have to reach. Raises UsageError E801 where nothing is stored yet."""
    mark = project.deps.stores[environment.name].read(store_layout.MARK)
    if mark is None:
        hint = f"`reconciler apply {environment.name}` begins it"
        raise UsageError(f"the store of {environment.name} is not begun yet", hint=hint, code="E801")
    location = environment.store
    if location.root is not None:
        folder = project.folders.stores.get(environment.name) or project.root / location.root
        location = replace(location, root=os.path.realpath(folder))
    name = project.desired.project
    return ClusterStore(environment=environment.name, project=name, location=location, mark=digest_of_bytes(mark))


def connection(compute: DaskCompute, secret: ReadSecret) -> ConnectRequest:
    """Return how a cluster is connected to. Raises UsageError E641, which names all that is missing, or why the address
    is not safe; never the address, which may be anything."""
    texts = {"scheduler": compute.scheduler}
    if (security := compute.security) is not None:
        texts |= {"ca": security.ca, "certificate": security.certificate, "key": security.key}
    found = {name: secret(reference) for name, reference in texts.items()}
    if missing := [texts[name] for name, text in found.items() if not text]:
        how = [_how(reference, scheduler=reference == compute.scheduler) for reference in missing]
        raise UsageError("; ".join(map(is_unset, missing)), hint="; ".join(how), code="E641")
    address = _address(found["scheduler"] or "")
    if (problem := unsafe_address(address, secured=security is not None)) is not None:
        what, remedy = problem
        where = place_of(compute.scheduler)
        raise UsageError(f"the scheduler's address in {where} {what}", hint=remedy, code="E641")
    return ConnectRequest(
        address=address,
        seconds=CONNECTING,
        wait=compute.wait,
        ca=found.get("ca"),
        certificate=found.get("certificate"),
        key=found.get("key"),
    )


def _address(text: str) -> str:
    """Return the address: the text itself, or what the file that a scheduler writes says of it."""
    if not text.startswith("{"):
        return text
    try:
        address = json.loads(text)["address"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return ""
    return address if isinstance(address, str) else ""


def _how(reference: str, *, scheduler: bool) -> str:
    kind, _, place = reference.partition(":")
    if scheduler:
        return (
            f"`export {place}=tls://HOST:8786`"
            if kind == "env"
            else f"start the scheduler with --scheduler-file {place}"
        )
    return f'`export {place}="$(cat FILE.pem)"`' if kind == "env" else f"copy the PEM file to {place}"
