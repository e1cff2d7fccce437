"""Eight processes want the same entry, over and over: one gets it each time, and everybody sees the same."""

from __future__ import annotations

import os
import subprocess
import sys
import uuid
from pathlib import Path

import pytest

from reconciler.adapters.object_storage.open_bucket import open_bucket
from reconciler.core.storage.location import StorageLocation
from tests.object_storage import apply_process
from tests.object_storage.faulty_proxy import Asked, Fault, Proxy
from tests.object_storage.servers import BUCKET, Server
from tests.support.effort import count

pytestmark = [pytest.mark.needs("s3")]

REPOSITORY = Path(__file__).resolve().parents[2]
RACES = count("RACES")
RACERS = 8
# One process imports, and each racer is forked from it before anything is opened.
RACERS_PROGRAM = """
import os
import sys
from pathlib import Path
from reconciler import plugins
from reconciler.engine.storage import numbered_log
from reconciler.errors import AmbiguousWriteError, ConflictError
from reconciler.ports import StorageAccess
from tests.object_storage.apply_process import part

prefix, folder, streams = sys.argv[1], Path(sys.argv[2]), [int(number) for number in sys.argv[3:]]
for name, (heard, said) in enumerate(zip(streams[::2], streams[1::2])):
    if os.fork() == 0:
        os.dup2(heard, 0)
        os.dup2(said, 1)
        os.closerange(3, max(streams) + 1)
        break
else:
    os.closerange(3, max(streams) + 1)
    for _ in streams[::2]:
        os.wait()
    sys.exit()
folder /= str(name)
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
    for number in range(RACERS):
        (folder / str(number)).mkdir()
    to, of = [os.pipe() for _ in range(RACERS)], [os.pipe() for _ in range(RACERS)]
    theirs = [end for (heard, _), (_, said) in zip(to, of, strict=True) for end in (heard, said)]
    command = [sys.executable, "-c", RACERS_PROGRAM, prefix, str(folder), *map(str, theirs)]
    racers = subprocess.Popen(command, cwd=REPOSITORY, pass_fds=theirs)
    for end in theirs:
        os.close(end)
    starts, ends = [os.fdopen(end, "w") for _, end in to], [os.fdopen(end) for end, _ in of]
    inside = open_bucket(apply_process.part(prefix, "store"))
    told = []
    try:
        assert [end.readline().strip() for end in ends] == ["ready"] * RACERS
        for n in range(races):
            for start in starts:
                print(n, file=start, flush=True)
            answers = [end.readline().strip() for end in ends]
            found = inside.get(f"journal/e/m/{n}.json")
            assert found is not None
            for number, answer in enumerate(answers):
                is_there = found[0] == f"{number} of {n}".encode()
                assert answer == "unknown" or (answer == "won") == is_there, (n, answers, found[0])
            told.append(answers)
    finally:
        for stream in (*starts, *ends):
            stream.close()
        racers.wait(timeout=60)
    return told


@pytest.mark.soak(only=True)  # below: also where its answer is lost
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
