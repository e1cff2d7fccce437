"""Eight processes want the same entry, over and over: one gets it each time, and everybody sees the same."""

from __future__ import annotations

import subprocess
import sys
import uuid
from pathlib import Path

import pytest

from reconciler.adapters.object_storage.clients import open_bucket
from reconciler.core.spec.environment import StorageLocation
from tests.object_storage import apply_process
from tests.object_storage.faulty_proxy import Asked, Fault, Proxy
from tests.object_storage.servers import BUCKET, Server
from tests.support.effort import count

pytestmark = [pytest.mark.needs("s3"), pytest.mark.xdist_group("s3")]

REPOSITORY = Path(__file__).resolve().parents[2]
RACES = count("RACES")
RACERS = 8
RACER = """
import sys
from pathlib import Path
from reconciler import plugins
from reconciler.engine.storage import numbered_log
from reconciler.errors import AmbiguousWriteError, ConflictError
from reconciler.ports import StorageAccess
from tests.object_storage.apply_process import part

name, prefix, folder = sys.argv[1], sys.argv[2], Path(sys.argv[3])
context = StorageAccess(root=folder, project="p", environment="e", scratch=folder)
store = plugins.store(part(prefix, "store"), context)
store.read("journal/e/m/0.json")
print("ready", flush=True)
for line in sys.stdin:
    body = f"{name} of {line.strip()}".encode()
    try:
        numbered_log.append(store, "journal/e/m", int(line), body, ours=body.__eq__)
        print("won", flush=True)
    except ConflictError:
        print("lost", flush=True)
    except AmbiguousWriteError:
        print("unknown", flush=True)
"""


def race(folder: Path, races: int) -> list[list[str]]:
    """The answers of all racers, race by race, each held against what is there afterwards."""
    prefix = f"race/{uuid.uuid4().hex}"
    racers = []
    for number in range(RACERS):
        own = folder / str(number)
        own.mkdir()
        racers.append(
            subprocess.Popen(
                [sys.executable, "-c", RACER, str(number), prefix, str(own)],
                cwd=REPOSITORY,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
        )
    inside = open_bucket(apply_process.part(prefix, "store"))
    told = []
    try:
        assert [one.stdout.readline().strip() for one in racers if one.stdout] == ["ready"] * RACERS
        for n in range(races):
            for one in racers:
                assert one.stdin is not None
                one.stdin.write(f"{n}\n")
                one.stdin.flush()
            answers = [one.stdout.readline().strip() for one in racers if one.stdout]
            found = inside.get(f"journal/e/m/{n}.json")
            assert found is not None
            for number, answer in enumerate(answers):
                is_there = found[0] == f"{number} of {n}".encode()
                assert answer == "unknown" or (answer == "won") == is_there, (n, answers, found[0])
            told.append(answers)
    finally:
        for one in racers:
            one.communicate(timeout=60)
    return told


@pytest.mark.soak
def test_one_of_eight_processes_wins_each_entry(s3: Server, tmp_path: Path) -> None:
    for answers in race(tmp_path, RACES):
        assert sorted(answers) == ["lost"] * (RACERS - 1) + ["won"]


@pytest.mark.soak
def test_a_winner_whose_answer_is_lost_knows_that_it_won(proxy: Proxy, tmp_path: Path) -> None:
    lost = iter(range(10**6))

    def script(asked: Asked) -> Fault:
        if not asked.writes or ".probe" in asked.path:
            return Fault.NONE
        return (Fault.LOST, Fault.LATE, Fault.BUSY, Fault.CUT, Fault.NONE)[next(lost) % 5]

    proxy.reset(script)
    told = race(tmp_path, max(10, RACES // 5))
    assert all(answers.count("won") == 1 for answers in told)
    assert proxy.done


def test_two_stores_in_one_bucket_do_not_see_each_other(s3: Server) -> None:
    one, other = (
        open_bucket(
            StorageLocation(uses="s3", settings=(("bucket", BUCKET), ("prefix", f"apart/{uuid.uuid4().hex}{end}")))
        )
        for end in ("", "x")
    )
    one.create("a", b"one")
    assert other.get("a") is None
    assert list(other.keys("")) == []
