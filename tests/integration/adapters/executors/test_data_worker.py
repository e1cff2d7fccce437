"""The data worker as a real process: it answers, survives what it refuses, and never outlives its parent."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from reconciler import codec
from reconciler.core.spec.data import Table
from reconciler.core.spec.environment import Limits
from reconciler.ports import CopyRequest, ParsedExpression, SelectionKind, SelectResult, TableFile
from tests.support.invoice_tables import invoices, ledger, recipe_of

COMMAND = [sys.executable, "-P", "-m", "reconciler.data"]


class Peer:
    """The parent's side of the protocol, as small as it can be."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def send(self, operation: str, request: object) -> None:
        assert self.process.stdin is not None
        document = {"operation": operation, "request": codec.to_json(request)}
        self.process.stdin.write(json.dumps(document).encode() + b"\n")
        self.process.stdin.flush()

    def ask(self, operation: str, request: object) -> Any:
        assert self.process.stdout is not None
        self.send(operation, request)
        return json.loads(self.process.stdout.readline())

    def close(self) -> tuple[int, bytes, bytes]:
        out, err = self.process.communicate(timeout=30)
        return self.process.returncode, out, err


@pytest.fixture
def peer() -> Iterator[Peer]:
    one = Peer()
    yield one
    one.process.kill()
    one.close()


def test_one_worker_copies_selects_and_parses_and_goes_on_after_errors(peer: Peer, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a,b\n1,x\n")
    (tmp_path / "copies").mkdir()
    table = Table(uses="csv", path="t.csv")
    request = CopyRequest(root=tmp_path, tables=(("t", table),), held=(), into=tmp_path / "copies", limits=Limits())
    (copied,) = codec.from_json(tuple[TableFile, ...], peer.ask("copy", request)["ok"])
    assert (copied.rows, [column.type for column in copied.columns]) == (1, ["BIGINT", "VARCHAR"])

    (tmp_path / "t.csv").write_text("a,b\n1\n")
    error = peer.ask("copy", request)["error"]
    assert (error["kind"], error["code"], error["where"]) == ("DataError", "E402", "t.csv:2")
    assert peer.ask("no such thing", ())["error"] == {"kind": "Unexpected", "message": "KeyError"}

    books = ledger(tmp_path, invoices(300))
    found = codec.from_json(SelectResult, peer.ask("select", books.request(recipe_of(), SelectionKind.FIT))["ok"])
    assert found.holdout_rows > 5
    answer = peer.ask("parse", ("a + 1", "random()"))["ok"]
    parsed = dict(codec.from_json(tuple[tuple[str, ParsedExpression], ...], answer))  # type: ignore[arg-type]
    assert parsed["a + 1"].columns == ("a",)
    assert parsed["random()"].refused is not None
    assert peer.close() == (0, b"", b"")


def test_the_worker_ends_when_its_input_ends_while_it_works(peer: Peer, tmp_path: Path) -> None:
    peer.ask("parse", ("a",))  # it runs
    (tmp_path / "big.csv").write_bytes(b"a,b\n" + b"1,x\n" * 3_000_000)
    (tmp_path / "copies").mkdir()
    table = Table(uses="csv", path="big.csv")
    request = CopyRequest(root=tmp_path, tables=(("t", table),), held=(), into=tmp_path / "copies", limits=Limits())
    peer.send("copy", request)
    code, out, _ = peer.close()
    assert (code, out) == (0, b"")
    assert not (tmp_path / "copies" / "t.parquet").exists()


def test_an_interrupt_from_the_terminal_is_the_parents_to_decide(peer: Peer) -> None:
    peer.ask("parse", ("a",))  # it runs
    peer.process.send_signal(signal.SIGINT)
    assert "a" in peer.ask("parse", ("a",))["ok"]
    assert peer.close()[0] == 0


def test_the_worker_dies_with_a_parent_that_was_killed() -> None:
    """The parent is killed without a chance to tell anybody; the pipe's end is all the worker sees."""
    parent = subprocess.Popen(
        [
            sys.executable,
            "-c",
            textwrap.dedent(
                f"""
                import signal, subprocess
                worker = subprocess.Popen({COMMAND!r}, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
                worker.stdin.write(b'{{"operation": "parse", "request": ["a"]}}\\n')
                worker.stdin.flush()
                worker.stdout.readline()
                print(worker.pid, flush=True)
                signal.pause()
                """
            ),
        ],
        stdout=subprocess.PIPE,
    )
    assert parent.stdout is not None
    worker = int(parent.stdout.readline())
    descriptor = os.pidfd_open(worker) if hasattr(os, "pidfd_open") else None
    parent.kill()
    parent.wait()
    if descriptor is None:
        pytest.skip("waiting for a process that is not ours needs pidfd (Linux)")
    import select

    ready, _, _ = select.select([descriptor], [], [], 30)
    os.close(descriptor)
    parent.stdout.close()
    assert ready


def test_what_a_library_prints_never_gets_between_the_lines() -> None:
    script = (
        "import os, sys; from reconciler.workers.request_loop import serve\n"
        "from reconciler.core.spec.environment import Limits\n"
        "def noisy(limits):\n"
        "    print('canary7731'); os.write(1, b'canary7731'); sys.stdout.flush(); os.system('echo canary7731')\n"
        "    return sys.stdin.read() == '' and limits\n"
        "serve({'noisy': (Limits, noisy)})\n"
    )
    request = json.dumps({"operation": "noisy", "request": codec.to_json(Limits())}).encode() + b"\n"
    with subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(request)
        process.stdin.flush()
        assert json.loads(process.stdout.readline()) == {"ok": codec.to_json(Limits())}
        process.stdin.close()
        assert process.wait(30) == 0
        assert process.stdout.read() == b""
