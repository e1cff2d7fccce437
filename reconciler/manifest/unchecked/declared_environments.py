"""Read what CI needs to know of each environment, without asking whether the manifests are valid.

A request with a broken manifest has environments, too: planning each of them says what is wrong.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from reconciler.core.names import is_name
from reconciler.manifest.yaml import fast_parse
from reconciler.manifest.yaml.parse import BadDocumentError, read

_FOLDER, _ENDING = "environments/", ".yaml"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclaredEnvironment:
    """An environment's file as far as it can be read: empty texts where it says nothing.

    `branch`: the one that protects it; `lock` and `python`: of its runtime.
    """

    name: str
    role: str = ""
    branch: str = ""
    lock: str = ""
    python: str = ""

    @property
    def deploys_on_merge(self) -> bool:
        """Whether `apply --on-merge` is for it: it trains nothing, and a branch protects it."""
        return self.role not in ("", "sandbox") and self.branch != ""


def path_name(path: str) -> str | None:
    """Return the name of the environment whose file this is, or None where it is no such file."""
    name = path.removeprefix(_FOLDER).removesuffix(_ENDING)
    return name if path == f"{_FOLDER}{name}{_ENDING}" and is_name(name) else None


def declared(files: Mapping[str, bytes]) -> tuple[DeclaredEnvironment, ...]:
    """Return the environments of these files, path -> bytes, by name. Other files are left out."""
    named = ((name, files[path]) for path in sorted(files) if (name := path_name(path)) is not None)
    return tuple(_read(name, body) for name, body in named)


def _read(name: str, body: bytes) -> DeclaredEnvironment:
    try:
        data: Any = fast_parse.data_of(body) or read(f"{_FOLDER}{name}{_ENDING}", body).data()
    except BadDocumentError:
        return DeclaredEnvironment(name=name)
    return DeclaredEnvironment(
        name=name,
        role=_text(data, "spec", "role"),
        branch=_text(data, "spec", "protect", "branch"),
        lock=_text(data, "spec", "runtime", "lock"),
        python=_text(data, "spec", "runtime", "python"),
    )


def _text(data: Any, *path: str) -> str:
    for part in path:
        data = data.get(part) if isinstance(data, dict) else None
    return data if isinstance(data, str) else ""
