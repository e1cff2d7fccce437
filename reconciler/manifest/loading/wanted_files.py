"""Choose which files of a commit are read, by their number, path, kind and size: before any byte of them is."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from reconciler.core.names import is_name
from reconciler.core.size_limits import CONFIGURATION_BYTES, CONFIGURATION_FILES, LOCK_BYTES, MANIFEST_BYTES
from reconciler.core.trust.keys import KEYS_FOLDER
from reconciler.errors import FilePosition, InvalidManifestsError, Problem
from reconciler.manifest.loading.problems import ProblemCollector
from reconciler.manifest.yaml import fast_parse
from reconciler.manifest.yaml.parse import BadDocumentError, read
from reconciler.ports import TreeFile

PROJECT_FILE = "reconciler.yaml"
ENVIRONMENT = re.compile(r"environments/([^/]+)\.ya?ml")
EXPERIMENT = re.compile(r"experiments/([^/]+)\.ya?ml")
MODEL = re.compile(r"manifests/([^/]+)/([^/]+)\.ya?ml")
_REGULAR = ("100644", "100755", "100664")
_DOCUMENTS, _CARDS = (".yaml", ".yml"), (".md",)


def is_configuration(path: str) -> bool:
    """Return whether a file is the project's, an environment's, a model's or an experiment's."""
    return path == PROJECT_FILE or path.startswith(("manifests/", "environments/", "experiments/"))


def is_document(path: str) -> bool:
    """Return whether a file is a YAML document that is loaded."""
    return is_configuration(path) and path.endswith(_DOCUMENTS)


def is_read(path: str) -> bool:
    """Return whether a file is a YAML document or may be a card: of others, such as pictures, no byte is read."""
    return is_configuration(path) and path.endswith((*_DOCUMENTS, *_CARDS))


def is_in_its_place(reading: ProblemCollector, path: str, name: str) -> bool:
    """Return whether the file's path fits the document's name; report a problem where it does not."""
    match = ENVIRONMENT.fullmatch(path) or EXPERIMENT.fullmatch(path) or MODEL.fullmatch(path)
    if path == PROJECT_FILE:
        return True
    if match is None or path.endswith(".yml"):
        folder = path.partition("/")[0]
        shape = "manifests/<environment>/<model>.yaml" if folder == "manifests" else f"{folder}/<name>.yaml"
        reading.add(
            path, ("metadata", "name"), "E208", f"unexpected path for this document; expected {shape}", "move the file"
        )
        return False
    if match[match.lastindex or 1] != name and not reading.is_replaced(path, ("metadata", "name")):
        message = f"the file is named {match[match.lastindex or 1]!r}, its document {name!r}"
        reading.add(path, ("metadata", "name"), "E208", message, "give both the same name")
        return False
    if match.lastindex == 2 and not is_name(match[1]):
        reading.add(
            path,
            ("metadata", "name"),
            "E206",
            "the name of its folder is not a valid environment name",
            "rename the folder",
        )
        return False
    return True


def documents_and_cards(tree: Iterable[TreeFile]) -> tuple[TreeFile, ...]:
    """Return the regular files that are YAML documents or may be cards.

    Raises InvalidManifestsError E310 where there are more files than are read.
    """
    configuration = [file for file in tree if is_configuration(file.path)]
    if len(configuration) > CONFIGURATION_FILES:
        raise _too_many(f"{len(configuration):,} configuration files; the limit is {CONFIGURATION_FILES:,}")
    return tuple(file for file in configuration if file.mode in _REGULAR and is_read(file.path))


def locks(tree: Iterable[TreeFile], files: Mapping[str, bytes]) -> tuple[TreeFile, ...]:
    """Return the regular files of the tree that the environments among `files` name: locks, and trusted keys."""
    named = {lock for path, body in files.items() if path.startswith("environments/") for lock in _lock_of(path, body)}
    return tuple(file for file in tree if file.path in named and file.mode in _REGULAR) if named else ()


def _lock_of(path: str, body: bytes) -> Iterator[str]:
    """Yield the files that an environment names; problems of the document are reported when it is loaded."""
    try:
        data: Any = fast_parse.data_of(body) or read(path, body).data()
    except BadDocumentError:
        return
    trusted = _at(data, "spec", "trust", "keys")
    for role in trusted.values() if isinstance(trusted, dict) else ():
        keys = (_at(each, "key") for each in role) if isinstance(role, list) else ()
        yield from (key for key in keys if isinstance(key, str) and key.startswith(f"{KEYS_FOLDER}/"))
    if isinstance(lock := _at(data, "spec", "runtime", "lock"), str):
        yield lock


def _at(data: Any, *names: str) -> Any:
    """Return what stands at a place of a document; None where nothing does."""
    for name in names:
        data = data.get(name) if isinstance(data, dict) else None
    return data


def of_readable_size(files: Iterable[TreeFile]) -> tuple[TreeFile, ...]:
    """Return the files, of known sizes, that are not too large for their kind.

    Raises InvalidManifestsError E310 where these are too large together.
    """
    readable = tuple(file for file in files if not is_too_large(file))
    if (total := sum(file.size or 0 for file in readable)) > CONFIGURATION_BYTES:
        raise _too_many(
            f"the configuration has {total:,} bytes in {len(readable):,} files; the limit is {CONFIGURATION_BYTES:,}"
        )
    return readable


def is_too_large(file: TreeFile) -> bool:
    """Return whether a file, whose size is known, is too large for its kind."""
    return (file.size or 0) > (MANIFEST_BYTES if is_configuration(file.path) else LOCK_BYTES)


def _too_many(message: str) -> InvalidManifestsError:
    where = FilePosition(file=PROJECT_FILE, line=1, column=1)
    return InvalidManifestsError((Problem(code="E310", message=message, where=where, hint="split the project"),))
