"""Serve until told to stop: what a watcher finds goes to the process that answers, which is started again if it ends.

Two processes: this one has the rights to read stores and targets and never loads a model; the other one has no rights,
and nothing but copies of verified releases.
"""

from __future__ import annotations

import shutil
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from reconciler.adapters.executors.serving_process import ServingProcess, listen
from reconciler.app import locations
from reconciler.app.serving.fixed_release import FixedRelease
from reconciler.core.digest import Digest, is_digest, short
from reconciler.core.spec.environment import Limits
from reconciler.engine.serving.watch_releases import ReleaseWatcher
from reconciler.errors import UsageError
from reconciler.ports.serving.changes import (
    Looked,
    RefusedRelease,
    RetiredModel,
    ServingChange,
    ServingMessage,
    ServingOptions,
    VerifiedRelease,
)

if TYPE_CHECKING:
    from reconciler.app.wiring import OpenProject

LOOK = 0.25  # seconds between two looks
GRACE = 25.0  # seconds for answers that are being given at the end
_SHORTEST_PAUSE, _LONGEST_PAUSE = 0.05, 30.0  # seconds until a process that ends again and again is started again
_LIBRARIES = ("starlette", "uvicorn", "prometheus_client")


class Releases(Protocol):
    """What is to be served."""

    def look(self) -> Iterable[ServingChange]:
        """Return what changed since the last look."""

    def failed(self, model: str, artifact: Digest, reason: str) -> None:
        """Remember that a release could not be loaded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServeSettings:
    """Where and how requests are answered."""

    host: str
    port: int
    at_once: int
    seconds: int


def check_libraries() -> None:
    """Raise UsageError E610 naming the extra where a library of the server is not installed."""
    missing = [name for name in _LIBRARIES if find_spec(name) is None]
    if missing:
        raise UsageError(
            f"serving over HTTP needs {', '.join(missing)}, which {'is' if len(missing) == 1 else 'are'} not installed",
            hint="pip install 'model-reconciler[serve]'",
            code="E610",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PinnedRelease:
    """A release in a folder, the digest that it must have, and the name that it is served by."""

    folder: Path
    digest: Digest
    name: str


def pinned_release(
    environment: str | None, folder: str | None, digest: str | None, name: str | None
) -> PinnedRelease | None:
    """Return the release that is to be served instead of an environment's; None for an environment.

    Raises UsageError E801 where neither is asked for, or both, or half of one.
    """
    if environment is not None and (folder, digest, name) == (None, None, None):
        return None
    hint = "reconciler serve ENV, or reconciler serve --release DIR --digest sha256:... --name MODEL"
    if environment is not None or folder is None or digest is None or name is None:
        problem = "serve takes an environment, or --release, --digest and --name together"
        raise UsageError(problem, hint=hint, code="E801")
    if not is_digest(digest):
        raise UsageError("--digest: expected all 64 digits, since nothing else pins the bytes", hint=hint, code="E801")
    return PinnedRelease(folder=Path(folder), digest=Digest(digest), name=name)


def serve_environment(
    project: OpenProject, environment: str, settings: ServeSettings, *, say: Callable[[str], None]
) -> None:
    """Serve what an environment of a project has deployed. Raises UsageError E801 where it has no target."""
    declared = project.environment(environment)
    folder = project.deps.scratch / "serving"
    folder.mkdir(mode=0o700)
    watcher = ReleaseWatcher(project.deps, project.desired, declared, folder)
    serve(watcher, settings, environment=environment, limits=declared.limits, say=say)


def serve_release(pinned: PinnedRelease, settings: ServeSettings, *, say: Callable[[str], None]) -> None:
    """Serve one release from a folder."""
    with locations.scratch() as scratch:
        releases = FixedRelease(pinned.name, pinned.folder, pinned.digest, scratch)
        serve(releases, settings, environment=None, limits=Limits(), say=say)


def serve(
    releases: Releases,
    settings: ServeSettings,
    *,
    environment: str | None,
    limits: Limits,
    say: Callable[[str], None],
) -> None:
    """Serve until SIGTERM or an interrupt; then finish the answers that are being given. Raises UsageError E801 where
    the address is taken."""
    with listen(settings.host, settings.port) as listening:
        host, port = listening.getsockname()[:2]
        options = ServingOptions(
            environment=environment, socket=-1, at_once=settings.at_once, seconds=settings.seconds, limits=limits
        )
        server = _Server(releases, ServingProcess(listening, options), say)
        with _stopping() as stop:
            say(f"serving {environment or 'a release'} at http://{f'[{host}]' if ':' in host else host}:{port}")
            server.run(stop)


@dataclass(slots=True)
class _Model:
    """A model. `served`: the release that the process has loaded; `sent`: a newer one that it is loading; `refused`:
    why the newest is not served."""

    served: VerifiedRelease | None = None
    sent: VerifiedRelease | None = None
    refused: RefusedRelease | None = None


class _Server:
    """Brings what a watcher finds to the process that answers."""

    def __init__(self, releases: Releases, process: ServingProcess, say: Callable[[str], None]) -> None:
        self._releases, self._process, self._say = releases, process, say
        self._models: dict[str, _Model] = {}
        self._looked: Looked | None = None
        self._pause = _SHORTEST_PAUSE

    def run(self, stop: threading.Event) -> None:
        """Serve until `stop` is set."""
        self._process.start()
        try:
            while not stop.is_set():
                for change in self._releases.look():
                    self._take(change)
                    self._follow(stop)
                    if stop.is_set():
                        return
                self._follow(stop)
                stop.wait(LOOK)
        finally:
            if stop.is_set():
                self._process.stop(GRACE)
            self._process.kill()

    def _take(self, change: ServingChange) -> None:
        """Remember a change, for a process that is started again, and send it."""
        match change:
            case VerifiedRelease() as release:
                self._send(self._models.setdefault(release.model, _Model()), release)
            case RefusedRelease() as refused:
                self._refuse(refused)
            case RetiredModel() as retired:
                model = self._models.pop(retired.model, _Model())
                self._process.send(ServingMessage(retired=retired))
                if model.served is not None or model.sent is not None:
                    self._say(f"{retired.model}: retired")
                _remove(model.served, model.sent)
            case Looked() as looked:
                if looked != self._looked:
                    if looked.trouble is not None:
                        self._say(f"nothing newer can be seen: {looked.trouble}")
                    self._looked = looked
                    self._process.send(ServingMessage(looked=looked))

    def _send(self, model: _Model, release: VerifiedRelease) -> None:
        _remove(model.sent)
        model.sent, model.refused = release, None
        self._process.send(ServingMessage(release=release))

    def _refuse(self, refused: RefusedRelease, *, send: bool = True) -> None:
        self._models.setdefault(refused.model, _Model()).refused = refused
        if send:
            self._process.send(ServingMessage(refused=refused))
        self._say(f"{refused.model}: refused: {refused.reason}")

    def _follow(self, stop: threading.Event) -> None:
        """Read what the process reports, and start it again where it ended."""
        for report in self._process.reports():
            if report.served is not None and (model := self._models.get(report.served)) is not None:
                self._confirm(model, report.artifact)
            if report.failed is not None and (model := self._models.get(report.failed)) is not None:
                self._drop(model, report.failed, report.artifact, report.reason or "", send=False)
        if (problem := self._process.problem()) is not None:
            self._say(f"the process that answers is started again: {problem}")
            self._process.kill()
            if stop.wait(self._pause):
                return
            self._pause = min(2 * self._pause, _LONGEST_PAUSE)
            self._start_again(problem)

    def _confirm(self, model: _Model, artifact: Digest | None) -> None:
        """Remember that the release that was sent is served; its predecessor's files are not needed any more."""
        release = model.sent
        if release is None or release.artifact != artifact:
            return  # a newer one is on its way
        _remove(model.served)
        model.served, model.sent, self._pause = release, None, _SHORTEST_PAUSE
        entry = f", entry {release.n}" if release.n is not None else ""
        self._say(f"{release.model}: serving {short(release.artifact)}{entry}")

    def _drop(self, model: _Model, name: str, artifact: Digest | None, reason: str, *, send: bool) -> None:
        """Give up a release that could not be loaded."""
        release = model.sent
        if release is None or release.artifact != artifact:
            return
        model.sent = None
        _remove(release)
        self._releases.failed(name, release.artifact, reason)
        self._refuse(RefusedRelease(model=name, reason=reason), send=send)

    def _start_again(self, problem: str) -> None:
        """Start the process again and tell it what it knew, but for a release at which it may have ended."""
        for name, model in self._models.items():
            if model.sent is not None:
                reason = f"the process ended while it was loaded: {problem}"
                self._drop(model, name, model.sent.artifact, reason, send=False)
        self._process.start()
        for model in self._models.values():
            if model.served is not None:
                self._process.send(ServingMessage(release=model.served))
            if model.refused is not None:
                self._process.send(ServingMessage(refused=model.refused))
        if self._looked is not None:
            self._process.send(ServingMessage(looked=self._looked))


def _remove(*releases: VerifiedRelease | None) -> None:
    for release in releases:
        if release is not None:
            shutil.rmtree(release.folder, ignore_errors=True)


@contextmanager
def _stopping() -> Iterator[threading.Event]:
    """Return what is set when this process is told to stop, instead of ending it at once."""
    stop = threading.Event()
    before = {number: signal.signal(number, lambda *_: stop.set()) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
