"""Measure the site of many models: time and memory of making it, and how soon a browser shows its overview.

    python benchmarks/site.py [MODELS] [--folder FOLDER] [--fleet FOLDER] [--plots N]

The fleet is that of `many_models.py`, with a clone's first plan still to be made; `--fleet`: one that is there already.
`--plots`: as many models are evaluated in full before (by copies of one evaluation), and have their plots drawn. Memory
is the resident size of the largest of all processes, sampled twenty times a second, and the peak that the system tells
of the command and those that it waited for. First paint is what the browser says of it (`performance`), of a page that
it was never shown before, median of five. Bars at 10,000 models: 2 minutes, 150 MB, an overview under 2 MB, first paint
under 1 s.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

HERE = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(HERE))

from benchmarks.memory import tree_of  # noqa: E402
from benchmarks.plan_cost import tell_if_busy  # noqa: E402

RECONCILER = str(Path(sys.executable).parent / "reconciler")
BARS = {"seconds": 120.0, "MB": 150.0, "overview": 2_000_000.0, "paint": 1_000.0}
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-extensions"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync", "--proxy-server=127.0.0.1:9"),
)


def main() -> None:
    """Make the fleet, its site twice, and open the overview."""
    parser = argparse.ArgumentParser()
    parser.add_argument("models", type=int, nargs="?", default=1_000)
    parser.add_argument("--folder")
    parser.add_argument("--fleet", type=Path)
    parser.add_argument("--plots", type=int, default=0)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=given.folder) as scratch:
        fleet, site = given.fleet or Path(scratch) / "fleet", Path(scratch) / "site"
        if not fleet.is_dir():
            fleet.mkdir()
            # In another process: the memory of this one would be counted with every command that it starts.
            make = [sys.executable, "-m", "benchmarks.many_models", str(fleet), str(given.models)]
            subprocess.run(make, check=True, cwd=HERE)
        for path in (fleet / ".git/reconciler/cache").glob("*"):
            path.unlink()
        if given.plots:
            evaluate(fleet, given.plots)
        command = [RECONCILER, "report", "production", "--html", str(site)]
        print(f"{given.models:,} models, {given.plots} of them evaluated in full", flush=True)
        for name in ("first", "nothing changed"):
            seconds, processor, sampled, told = made(command, fleet)
            print(f"{name:16} {seconds:6.1f} s, {processor:.1f} s of processor time, {max(sampled, told):.0f} MB")
            if name == "first" and given.models >= 10_000:
                judge("seconds", seconds)
                judge("MB", max(sampled, told))
        overview = site / "index.html"
        print(f"{'overview':16} {overview.stat().st_size:,} bytes")
        judge("overview", overview.stat().st_size)
        if shutil.which("chromium") is not None:
            paints = [first_paint(overview) for _ in range(5)]
            print(f"{'first paint':16} {statistics.median(paints):.0f} ms [{min(paints):.0f} - {max(paints):.0f}]")
            judge("paint", statistics.median(paints))
    tell_if_busy()


def judge(figure: str, value: float) -> None:
    """Say whether a bar is met."""
    print(f"{'':16} the bar is {BARS[figure]:,.0f}: {'met' if value <= BARS[figure] else 'MISSED'}", flush=True)


def evaluate(fleet: Path, models: int) -> None:
    """Record one model's evaluation in full, and the same of others, whose rows are the same."""
    shown = [RECONCILER, "show", "wide", "--in", "production", "-o", "json"]
    subprocess.run(shown, cwd=fleet, check=True, capture_output=True)
    from reconciler import codec
    from reconciler.core.artifact.journal import Entry
    from reconciler.core.digest import hex_of
    from reconciler.core.evaluation.detailed import DetailedEvaluation

    store = fleet / ".reconciler/production"
    record = next((fleet / ".reconciler").glob("*/evaluations/*/*.json"))
    found = codec.decode(DetailedEvaluation, record.read_bytes(), what=record.name)

    for journal in sorted((store / "journal/production").iterdir())[:models]:
        entry = codec.decode(Entry, (journal / "0.json").read_bytes(), what="entry")
        assert entry.artifact is not None
        place = store / "evaluations" / hex_of(entry.artifact) / record.name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(codec.encode(dataclasses.replace(found, artifact=entry.artifact)))


def made(command: list[str], folder: Path) -> tuple[float, float, float, float]:
    """Run a command; return its seconds, processor seconds, and MB: the most that was seen of one process, and told."""
    started, most, ended = time.perf_counter(), [0.0], threading.Event()
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(command, cwd=folder, stdout=output, stderr=output)

        def look() -> None:
            while not ended.wait(0.05):
                most.append(max(map(resident, tree_of(process.pid)), default=0.0))

        watcher = threading.Thread(target=look)
        watcher.start()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        seconds = time.perf_counter() - started
        ended.set()
        watcher.join()
        if process.returncode:
            output.seek(0)
            raise SystemExit(output.read().decode())
    return seconds, used.ru_utime + used.ru_stime, max(most), used.ru_maxrss / 1024


def resident(process: int) -> float:
    """Return the resident MB of a process, pages that it shares among them; 0 where it has ended."""
    try:
        return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20
    except (OSError, IndexError):
        return 0.0


def first_paint(page: Path) -> float:
    """Return after how many milliseconds a fresh browser painted something of a page."""
    with browser() as ask:
        target = ask("Target.createTarget", {"url": "about:blank"})["targetId"]
        session = ask("Target.attachToTarget", {"targetId": target, "flatten": True})["sessionId"]
        ask("Page.navigate", {"url": page.as_uri()}, session)
        question = (
            "new Promise(done => { const look = () => { const seen = performance.getEntriesByName("
            "'first-contentful-paint'); seen.length ? done(seen[0].startTime) : setTimeout(look, 20); }; look(); })"
        )
        wanted = {"expression": question, "awaitPromise": True, "returnByValue": True}
        for _ in range(50):
            answer = ask("Runtime.evaluate", wanted, session)
            if "value" in answer.get("result", {}):
                return float(answer["result"]["value"])
    raise SystemExit("the browser painted nothing")


@contextmanager
def browser() -> Iterator[Any]:
    """Start the system's Chromium without network, and yield what sends it a command of its protocol by a pipe."""
    ours, theirs = os.pipe(), os.pipe()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        words = ["chromium", *FLAGS, f"--user-data-dir={profile}", "--remote-debugging-pipe", "about:blank"]
        script = f'exec "$@" 3<&{ours[0]} 4>&{theirs[1]}'
        process = subprocess.Popen(
            ["sh", "-c", script, "sh", *words],
            pass_fds=(ours[0], theirs[1]),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "HOME": profile},
        )
        os.close(ours[0])
        os.close(theirs[1])
        try:
            with os.fdopen(ours[1], "wb", buffering=0) as requests, os.fdopen(theirs[0], "rb") as answers:
                yield Protocol(requests, answers).ask
        finally:
            process.terminate()
            process.wait()


class Protocol:
    """Chromium's protocol over a pipe: a JSON text and a zero byte, each way."""

    def __init__(self, requests: IO[bytes], answers: IO[bytes]) -> None:
        self._requests, self._answers, self._last, self._rest = requests, answers, 0, b""

    def ask(self, method: str, params: dict[str, Any], session: str | None = None) -> dict[str, Any]:
        """Send a command and return its result; what the browser tells besides is dropped."""
        self._last += 1
        request = {"id": self._last, "method": method, "params": params}
        request |= {"sessionId": session} if session is not None else {}
        self._requests.write(json.dumps(request).encode() + b"\0")
        while True:
            answer = json.loads(self._line())
            if answer.get("id") == self._last:
                if "error" in answer:
                    raise SystemExit(f"{method}: {answer['error']}")
                result: dict[str, Any] = answer["result"]
                return result

    def _line(self) -> bytes:
        while b"\0" not in self._rest:
            more = os.read(self._answers.fileno(), 1 << 16)
            if not more:
                raise SystemExit("the browser ended")
            self._rest += more
        line, _, self._rest = self._rest.partition(b"\0")
        return line


if __name__ == "__main__":
    main()
