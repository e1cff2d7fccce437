"""A refresh that is killed, or out of room, at any of its files leaves the last snapshot in use, whole."""

from __future__ import annotations

import re
import resource
import subprocess
from pathlib import Path

import pytest

from reconciler.adapters.filesystem.store import FilesStore
from reconciler.engine.storage import blobs, data_snapshots
from tests.support.effort import spread
from tests.support.project import Project

CALLS = ("link,linkat", "fsync", "unlink,unlinkat")  # an object is there with the first, and durable with the second
REFRESH = ("data", "refresh", "sandbox", "--force", "--yes")


def change(project: Project, row: int) -> None:
    """Change one amount, so that the table is another one."""
    ledger = project.root / "data/invoices.csv"
    lines = ledger.read_text().splitlines()
    cells = lines[row + 1].split(",")
    lines[row + 1] = ",".join([*cells[:5], f"{row + 1000}.25", *cells[6:]])
    ledger.write_text("\n".join(lines) + "\n")


def newest(project: Project) -> int:
    """Return the number of the newest snapshot, of which every table is there and has its digest."""
    store = FilesStore(project.root / ".reconciler/sandbox")
    snapshot = data_snapshots.newest(store)
    assert snapshot is not None
    for table in snapshot.tables:
        blobs.file_of(store, table.digest)
    return snapshot.n


@pytest.mark.soak
@pytest.mark.needs("strace")
def test_killed_at_any_of_its_files_the_last_snapshot_is_whole_and_the_next_refresh_goes_on(
    trained: Project, tmp_path: Path
) -> None:
    def traced(*options: str) -> int:
        strace = ["strace", "-qq", "-o", str(tmp_path / "log"), "-e", f"trace={','.join(CALLS)}", *options]
        words = [trained.python, "-P", "-m", "reconciler", *REFRESH]
        ran = subprocess.run(
            [*strace, *words], cwd=trained.root, env=trained.environment, capture_output=True, check=False
        )
        return ran.returncode

    change(trained, 0)
    assert traced() == 0
    log, kills = (tmp_path / "log").read_text(), 0
    for calls in CALLS:
        count = len(re.findall(rf"^(?:{calls.replace(',', '|')})\(", log, re.MULTILINE))
        for index in spread(range(1, count + 1), "KILL_STRIDE"):
            before = newest(trained)
            change(trained, kills + 1)
            if traced("-e", f"inject={calls}:signal=SIGKILL:when={index}") == 0:
                continue  # fewer calls than the counted run had
            kills += 1
            assert newest(trained) - before in (0, 1)
            trained.run("plan", "sandbox")
            taken = trained.run(*REFRESH, "-o", "json").json["snapshot"]
            assert taken == newest(trained) > before
    assert kills >= 3
    trained.run("audit", "sandbox")


@pytest.mark.parametrize("room", [2_000, 9_000])
def test_out_of_room_the_last_snapshot_stays_and_the_next_refresh_goes_on(trained: Project, room: int) -> None:
    change(trained, 0)

    def little_room() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))

    words = [trained.python, "-P", "-m", "reconciler", *REFRESH]
    full = subprocess.run(
        words, cwd=trained.root, env=trained.environment, preexec_fn=little_room, capture_output=True, check=False
    )
    assert full.returncode == 1, full.stderr
    assert b"error: " in full.stderr
    assert b"Traceback" not in full.stderr
    assert newest(trained) == 0
    trained.run("plan", "sandbox", "--check")
    assert trained.run(*REFRESH, "-o", "json").json["snapshot"] == newest(trained) == 1
