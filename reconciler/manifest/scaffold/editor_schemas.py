"""Place the JSON Schemas of the manifests in a project, and name each in its manifests, for editors.

YAML language servers read the name in a comment, the modeline. `reconciler explain --schema KIND` prints a schema anew.
"""

from __future__ import annotations

from pathlib import Path

FOLDER = "schemas"  # of a project
_SOURCE = Path(__file__).parents[1] / "schemas"
_KINDS = {
    "reconciler.yaml": "project",
    "environments": "environment",
    "manifests": "model",
    "experiments": "experiment",
}


def files() -> dict[str, str]:
    """Return path in the project -> text, for each kind of manifest."""
    return {f"{FOLDER}/{kind}.json": (_SOURCE / f"{kind}.json").read_text(encoding="utf-8") for kind in _KINDS.values()}


def with_modeline(path: str, text: str) -> str:
    """Return the text of a manifest below a line that names its schema; `path` is that in the project."""
    up = "../" * path.count("/")
    return f"# yaml-language-server: $schema={up}{FOLDER}/{_KINDS[path.partition('/')[0]]}.json\n{text}"
