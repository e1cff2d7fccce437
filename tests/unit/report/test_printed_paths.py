"""A command that is printed works when it is typed, whatever the file is called."""

from __future__ import annotations

import shlex

from reconciler.core.digest import Digest
from reconciler.core.package.results import ExportResult, PullResult
from reconciler.core.trust.results import KeyChange
from reconciler.report.layout.blocks import Detail
from reconciler.report.layout.render_text import to_text
from reconciler.report.layout.text_layout import TextStyle
from reconciler.report.package import package_results
from reconciler.report.trust import key_change

DIGEST = Digest("sha256:" + "7" * 64)
ODD = "/tmp/Umsätze 2024/it's $HOME.tar"


def lines(text: str, beginning: str) -> list[str]:
    (line,) = [line.strip() for line in text.splitlines() if line.strip().startswith(beginning)]
    return shlex.split(line)


def test_a_package_is_imported_by_the_printed_command() -> None:
    exported = ExportResult(
        file=ODD,
        package=DIGEST,
        size=1,
        model="m",
        environment="production",
        artifact=DIGEST,
        verified_for=(),
        attestations=0,
        keys=(),
        notes=(),
    )
    pulled = PullResult(
        file=ODD,
        reference="r/m:1",
        package=DIGEST,
        size=1,
        model="m",
        artifact=DIGEST,
        origin="p",
        attestations=0,
        keys=(),
    )
    for result in (exported, pulled):
        text = to_text(package_results.blocks(result, Detail.SCREEN), TextStyle(width=200))
        assert lines(text, "reconciler import") == ["reconciler", "import", ODD, "--to", "ENV"]


def test_a_key_is_named_by_the_printed_command() -> None:
    change = KeyChange(
        environment="production",
        role="trainer",
        key=DIGEST,
        file="keys/trainer.pub",
        summary="trust it",
        branch="b",
        commit="c" * 40,
        base="b" * 40,
        files=(),
        private=ODD,
    )
    text = to_text(key_change.blocks(change, Detail.SCREEN), TextStyle(width=200))
    assert lines(text, "export") == ["export", f"RECONCILER_SIGNING_KEY=file:{ODD}"]
