"""Give a package index the README without its pictures and relative links, which work in the repository alone.

A package says nothing of where its repository is, so there is no address that they could be given.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

_ELSEWHERE = r"(?!\s*(?:https?:|mailto:|#))"
_PICTURE = re.compile(rf"!\[[^\]]*\]\({_ELSEWHERE}[^)]*\)\n*")
_LINK = re.compile(rf"\[([^\]]*)\]\({_ELSEWHERE}[^)]*\)")
_NOTE = "\n*Pages and files that are named here are in the repository.*\n"


def for_index(text: str) -> str:
    """Return a README as an index can show it: of a picture nothing, of a link its words."""
    return _LINK.sub(r"\1", _PICTURE.sub("", text)).rstrip("\n") + "\n" + _NOTE


class CustomMetadataHook(MetadataHookInterface):
    """What hatchling calls when it packs a wheel."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Set the package's description."""
        text = for_index((Path(self.root) / "README.md").read_text(encoding="utf-8"))
        metadata["readme"] = {"content-type": "text/markdown", "text": text}
