"""The system's Chromium, without network: what it makes of a page, what it complains of, and what axe finds in it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from html import escape, unescape
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[2]
AXE = REPOSITORY / ".ci/axe/node_modules/axe-core/axe.min.js"
_FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-extensions"),
    *("--enable-logging=stderr", "--log-level=0", "--proxy-server=127.0.0.1:9", "--virtual-time-budget=20000"),
)
_DARK = "--blink-settings=preferredColorScheme=0"
_POLICY = re.compile(r'<meta http-equiv="Content-Security-Policy"[^>]*>')
_RESULT = re.compile(r'<pre id="result-of-the-test">(.*?)</pre>', re.DOTALL)


def chromium() -> str | None:
    """Return the program; None where there is none."""
    found = (shutil.which(name) for name in ("chromium", "chromium-browser", "google-chrome"))
    return next((path for path in found if path is not None), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A page after it was opened: its elements, and the lines that the browser wrote to its console."""

    dom: str
    console: tuple[str, ...]


def opened(page: Path, *arguments: str, width: int = 1000, dark: bool = False) -> Opened:
    """Open a page from the disk."""
    program = chromium()
    assert program is not None
    with tempfile.TemporaryDirectory() as profile:
        flags = [*_FLAGS, f"--user-data-dir={profile}", f"--window-size={width},900", *([_DARK] if dark else [])]
        ran = subprocess.run(
            [program, *flags, *(arguments or ("--dump-dom",)), page.as_uri()],
            capture_output=True,
            text=True,
            check=True,
            timeout=120,
            env={**os.environ, "HOME": profile},
        )
    return Opened(dom=ran.stdout, console=tuple(line for line in ran.stderr.splitlines() if "CONSOLE" in line))


def asked(page: Path, question: str, *, scripts: str = "", dark: bool = False, width: int = 1000) -> Any:
    """Return what a script finds out in a page: `question` is the body of an asynchronous function.

    The page is a copy that may run scripts, within a frame of this width: windows have a least one.
    """
    inner = _POLICY.sub("", page.read_text()) + (
        f"<script>{scripts}</script><script>(async () => {{ {question} }})()"
        ".catch(error => String(error)).then(result => parent.postMessage(JSON.stringify(result), '*'))</script>"
    )
    outer = (
        f'<!doctype html><meta charset="utf-8"><iframe width="{width}" height="900" srcdoc="{escape(inner)}"></iframe>'
        "<script>addEventListener('message', event => { const shown = document.createElement('pre'); shown.id = "
        "'result-of-the-test'; shown.textContent = event.data; document.body.append(shown); });</script>"
    )
    copy = page.with_name(f"asked-{page.name}")
    copy.write_text(outer)
    try:
        found = _RESULT.search(opened(copy, width=width + 60, dark=dark).dom)
    finally:
        copy.unlink()
    assert found is not None, "the script said nothing"
    return json.loads(unescape(found[1]))


def violations(page: Path, *, dark: bool = False, width: int = 1000) -> list[str]:
    """Return what axe finds that is serious or critical, each with the first element."""
    run = (
        "const found = await axe.run(document, {resultTypes: ['violations']});"
        "return found.violations.filter(each => ['serious', 'critical'].includes(each.impact))"
        ".map(each => each.id + ': ' + each.nodes[0].html.slice(0, 200) + ' ' + each.nodes[0].failureSummary)"
    )
    result: list[str] = asked(page, run, scripts=AXE.read_text(), dark=dark, width=width)
    assert isinstance(result, list), result
    return result
