"""The site is built without a warning, and every page of it is there."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[3]


@pytest.mark.soak(only=True)
def test_the_site_is_built_with_every_page_and_no_link_that_leads_nowhere(tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path / "site")],
        cwd=REPOSITORY,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert "unrecognized relative link" not in ran.stderr
    built = {str(path.parent.relative_to(tmp_path / "site")) for path in (tmp_path / "site").rglob("index.html")}
    assert {"tutorial", "how-to/start-from-your-table", "concepts", "promises", "reference/errors", "adr"} <= built
    assert "<svg" in (tmp_path / "site/loop.svg").read_text()
