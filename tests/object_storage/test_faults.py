"""Kills, errors, silence and lost answers between us and a real S3 server: nothing is lost, and the next run converges.

A round is one apply during which one thing goes wrong at one request, and the one after it, during which nothing does.
Ten rounds are one life of a model: trained anew, promoted, trained anew, ...
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
from itertools import count
from pathlib import Path

import pytest

from reconciler.codec.exit_codes import EXIT_CODES
from reconciler.core.status_codes import status_of
from reconciler.errors import ReconcilerError
from tests.object_storage import apply_process
from tests.object_storage.faulty_proxy import Asked, Fault, Proxy, Script
from tests.support import effort

pytestmark = [pytest.mark.needs("s3")]

ROUNDS = effort.count("ROUNDS")
ROUNDS_OF_A_LIFE = 10
REPOSITORY = Path(__file__).resolve().parents[2]
SILENT = (Fault.HANG, Fault.DONE_HANG)
KILLING = (Fault.KILL, Fault.DONE_KILL)
OTHERS = (Fault.BUSY, Fault.CUT, Fault.LOST, Fault.LATE)


class Life:
    """One model in its own part of the bucket, from its first training on."""

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix
        self.commits: list[str] = []
        self.seed = 10
        self.pin, self.pinned = "", 0
        self.candidate = ""
        self.requests = {"sandbox": 60, "production": 60}

    def next(self, turn: int) -> str:
        """The next commit: the recipe changes in the sandbox, or its newest artifact is pinned in production."""
        self.commits.append(f"c{len(self.commits)}")
        if turn % 2 == 0:
            self.seed += 1
            return "sandbox"
        self.pin, self.pinned = self.candidate, self.seed
        return "production"

    def calmly(self, environment: str) -> dict[str, object]:
        return apply_process.run(self.prefix, environment, self.commits, self.seed, self.pin, self.pinned)

    def survived(self, environment: str) -> int | None:
        """The exit code of the error that came out, if one did."""
        try:
            self.calmly(environment)
        except ReconcilerError as error:
            return EXIT_CODES[status_of(error)]
        return None

    def in_a_process(self, environment: str, proxy: Proxy) -> int:
        arguments = [self.prefix, environment, ",".join(self.commits), str(self.seed), self.pin, str(self.pinned)]
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.object_storage.apply_process", *arguments],
            cwd=REPOSITORY,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        proxy.victim = process.pid
        _, err = process.communicate(timeout=120)
        assert process.returncode in (0, -9), err.decode()
        return process.returncode


def trouble(chance: random.Random, requests: int) -> tuple[str, Script, bool]:
    """What goes wrong: in words, as a script, and whether it ends the process. At one request of all, at one write, or
    here and there."""
    fault = chance.choice(chance.choice((SILENT, KILLING, OTHERS, OTHERS)))
    kind = chance.randrange(5)
    if kind == 4:
        storm = random.Random(chance.random())
        return "a storm", lambda _: storm.choice(OTHERS) if storm.random() < 0.06 else Fault.NONE, False
    if kind >= 2:
        at = chance.randrange(max(1, requests // 8))
        return f"{fault}, at write {at}", _at_write(at, fault), fault in KILLING
    at = chance.randrange(requests)
    return f"{fault}, at request {at}", lambda asked: fault if asked.n == at else Fault.NONE, fault in KILLING


def _at_write(at: int, fault: Fault) -> Script:
    writes = count()

    def script(asked: Asked) -> Fault:
        return fault if asked.writes and next(writes) == at else Fault.NONE

    return script


@pytest.mark.soak
def test_whatever_happens_at_any_request_the_next_run_converges_and_nothing_is_lost(
    proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RECONCILER_STORE_TIMEOUT", "0.5")
    happened: dict[Fault, int] = {}
    for number in range(0, ROUNDS, ROUNDS_OF_A_LIFE):
        life = Life(f"life/{os.getpid()}-{number}")
        chance = random.Random(number)
        for turn in range(min(ROUNDS_OF_A_LIFE, ROUNDS - number)):
            environment = life.next(turn)
            said, script, kills = trouble(chance, life.requests[environment])
            said = f"life {number}, turn {turn}, {environment}: {said}"
            proxy.reset(script)
            if kills:
                life.in_a_process(environment, proxy)
            else:
                assert life.survived(environment) in (None, 1, 5), said
            for _, fault in proxy.done:
                happened[fault] = happened.get(fault, 0) + 1
            life.requests[environment] = max(len(proxy.seen), 20)
            proxy.reset()
            after = life.calmly(environment)
            assert (after["exit"], after["left"], after["problems"]) == (0, [], []), f"{said}: {after}"
            if environment == "sandbox":
                assert after["candidate"], said
                life.candidate = str(after["candidate"])
        assert apply_process.findings(life.prefix, life.commits, life.seed, life.pin, life.pinned) == [], number
    print({str(fault): count for fault, count in happened.items()})
    assert sum(happened.values()) > ROUNDS / 2, happened
