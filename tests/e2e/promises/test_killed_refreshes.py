"""A refresh that is killed, or out of room, at any of its files leaves the last snapshot in use, whole."""

from __future__ import annotations

import re
import resource
import shutil
import subprocess
from itertools import cycle, islice
from pathlib import Path

import pytest

from reconciler.adapters.filesystem.store import FilesStore
from reconciler.engine.storage import blobs, data_snapshots
from tests.support.effort import count, spread
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
        words = trained.command(*REFRESH)
        ran = subprocess.run(
            [*strace, *words], cwd=trained.root, env=trained.environment, capture_output=True, check=False
        )
        return ran.returncode

    change(trained, 0)
    assert traced() == 0
    log, kills = (tmp_path / "log").read_text(), 0
    found = {calls: re.findall(rf"^(?:{calls.replace(',', '|')})\(", log, re.MULTILINE) for calls in CALLS}
    places = [(calls, index + 1) for calls in CALLS for index in range(len(found[calls]))]
    chosen = spread(range(len(places)), "KILL_STRIDE")
    wanted = max(count("KILLS"), len(chosen))
    for place in islice(cycle(chosen), 2 * wanted):
        calls, index = places[place]
        before = newest(trained)
        change(trained, kills + 1)
        if kills == wanted or traced("-e", f"inject={calls}:signal=SIGKILL:when={index}") == 0:
            continue  # fewer calls than the counted run had
        kills += 1
        assert newest(trained) - before in (0, 1)
        taken = trained.run(*REFRESH, "-o", "json").json["snapshot"]
        assert taken == newest(trained) > before
    print(f"{kills} kills, at {len(chosen)} of {len(places)} calls")
    assert kills == wanted
    trained.run("plan", "sandbox", "--check")
    trained.run("audit", "sandbox")


# A disk with so many free pages of 4 KiB, under the store or under the temporary files: `$1` is that folder.
SMALL_DISK = """
used=$(du -s -B4096 "$1" | cut -f1)
mount -t tmpfs -o size=$(( (used + $2) * 4 ))k small "$3" && cp -a "$1/." "$3" && mount --bind "$3" "$1" || exit 99
folder=$1 copy=$4
shift 4
"$@"
code=$?
cp -a "$folder/." "$copy"
exit $code
"""


@pytest.mark.soak(only=True)
@pytest.mark.needs("small-disk")
@pytest.mark.parametrize("where", ["store", pytest.param("temporary", marks=pytest.mark.soak(only=True))])
def test_a_full_disk_at_any_page_leaves_the_last_snapshot_and_the_next_refresh_goes_on(
    trained: Project, tmp_path: Path, where: str
) -> None:
    """The disk has a page more each time, until the refresh has room: each write comes to be the one too many."""
    store, temporary = trained.root / ".reconciler/sandbox", tmp_path / "temporary"
    temporary.mkdir()
    trained.environment["TMPDIR"] = str(temporary)
    change(trained, 0)
    refused, pages = [], 1
    while True:
        folder, copy, disk = (store if where == "store" else temporary), tmp_path / f"copy-{pages}", tmp_path / "disk"
        for each in (copy, disk):
            each.mkdir(exist_ok=True)
        small = ["unshare", "-rm", "sh", "-c", SMALL_DISK, "sh", str(folder), str(pages), str(disk), str(copy)]
        words = trained.command(*REFRESH, cold=True)  # its workers are to see that disk
        ran = subprocess.run(
            [*small, *words], cwd=trained.root, env=trained.environment, capture_output=True, check=False
        )
        assert ran.returncode in (0, 1), ran.stderr
        assert b"Traceback" not in ran.stderr
        if where == "store":  # what the disk held
            shutil.rmtree(store)
            copy.rename(store)
        else:
            shutil.rmtree(copy)
        assert newest(trained) == (1 if ran.returncode == 0 else 0)
        if ran.returncode == 0:
            break
        assert b"error: " in ran.stderr
        assert ran.stderr.count(b"\n") < 8, "one error, which is told once"
        trained.run("plan", "sandbox", "--check")
        refused.append(pages)
        pages += count("PAGES")
    assert refused
    print(f"{where}: refused with {refused} pages free, taken with {pages}")
    trained.run("audit", "sandbox")


@pytest.mark.soak(only=True)  # a quota rather than a full disk
@pytest.mark.parametrize("room", [2_000, 9_000])
def test_out_of_room_the_last_snapshot_stays_and_the_next_refresh_goes_on(trained: Project, room: int) -> None:
    change(trained, 0)

    def little_room() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))

    words = trained.command(*REFRESH, cold=True)  # its workers are to have its limit
    full = subprocess.run(
        words, cwd=trained.root, env=trained.environment, preexec_fn=little_room, capture_output=True, check=False
    )
    assert full.returncode == 1, full.stderr
    assert b"error: " in full.stderr
    assert b"Traceback" not in full.stderr
    assert newest(trained) == 0
    trained.run("plan", "sandbox", "--check")
    assert trained.run(*REFRESH, "-o", "json").json["snapshot"] == newest(trained) == 1
