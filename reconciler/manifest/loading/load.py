"""Load the desired state from the files at a revision, or report every problem of every file at once."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from pydantic import ValidationError

from reconciler import __version__
from reconciler.core.size_limits import LOCK_BYTES
from reconciler.core.spec.desired_state import DesiredState
from reconciler.core.spec.environment import Environment, Runtime
from reconciler.core.spec.model import Model, with_slices
from reconciler.core.spec.recipe import TRAINING_FORMAT
from reconciler.core.spec.runtime import DISTRIBUTIONS, OF_ESTIMATORS
from reconciler.errors import FilePosition, InvalidManifestsError, Problem
from reconciler.manifest.experiment.to_core import experiment_of
from reconciler.manifest.loading import cross_checks, second_look, to_core
from reconciler.manifest.loading.experiment.check_experiments import check_experiments
from reconciler.manifest.loading.expression_checks import (
    check_columns,
    check_expressions,
    check_masked,
    parse_expressions,
)
from reconciler.manifest.loading.problems import ProblemCollector
from reconciler.manifest.loading.wanted_files import (
    ENVIRONMENT,
    MODEL,
    PROJECT_FILE,
    documents_and_cards,
    is_configuration,
    is_document,
    is_in_its_place,
    is_read,
    is_too_large,
)
from reconciler.manifest.schema import documents as schema
from reconciler.manifest.schema.decisions import declared as decisions
from reconciler.manifest.schema.experiment.experiment_document import Experiment as ExperimentDocument
from reconciler.manifest.schema.model import Model as ModelDocument
from reconciler.manifest.trust.key_files import trust_of
from reconciler.manifest.yaml import fast_parse, secret_scan
from reconciler.manifest.yaml.parse import BadDocumentError, Node, read
from reconciler.ports import Expressions, TableLookup, TreeFile

_LFS = b"version https://git-lfs.github.com/spec/"
_PIN = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)==([A-Za-z0-9.!+_-]+)")
_HIDDEN_BREAK = re.compile("[\v\f\x1c-\x1e\x85\u2028\u2029]|\r(?!\n)")
_SPECIAL = {"120000": "a symbolic link", "160000": "a submodule"}
_FOLDERS = ("manifests", "environments", "experiments")


def load(
    files: Mapping[str, bytes],
    tree: tuple[TreeFile, ...],
    *,
    revision: str | None,
    expressions: Expressions,
    tables: TableLookup | None = None,
    masks: bool = True,
    cards: bool = False,
) -> DesiredState:
    """Load the desired state from `files`, path -> bytes of those of the `tree` that are read (`wanted_files`).

    `tables`: columns that models name are looked up there. `masks`: uses of masked columns are checked. `cards`: each
    card must belong to the artifact that is pinned. Raises InvalidManifestsError with all problems, sorted by place: a
    document that is not valid is looked at further as if it were mended (`second_look`).
    """
    documents_and_cards(tree)  # raises where there are more of them than are read
    reading = ProblemCollector(files=files)
    _check_tree(reading, tree)
    documents = dict(_documents(reading))
    project = documents.get(PROJECT_FILE)
    name = project.metadata.name if isinstance(project, schema.Project) else ""
    if isinstance(project, schema.Project):
        _check_version(reading, project)
    environments = tuple(_environments(reading, documents, {file.path: file for file in tree}))
    models = tuple(_models(reading, documents, {environment.name for environment in environments}))
    written = {path: body for path, body in files.items() if path.startswith("manifests/") and path.endswith(".md")}
    experiments = tuple(
        experiment_of(document, path=path)
        for path, document in documents.items()
        if isinstance(document, ExperimentDocument)
    )
    desired = DesiredState(
        project=name,
        revision=revision,
        environments=environments,
        models=models,
        experiments=experiments,
        cards=written,
    )
    all_environments = all(
        path in documents and path not in reading.replaced for path in map(_environment_path, tree) if path
    )
    # A request that is refused for its sizes starts no worker process: it takes more memory than all that was read.
    if not any(problem.code in ("E109", "E311") for problem in reading.problems):
        parsed = parse_expressions(expressions, [with_slices(model.recipe, model.evaluation) for model in models])
        for model in models:
            check_expressions(reading, model, parsed)
            if masks:
                check_masked(reading, desired, model, parsed)
        if tables is not None:
            check_columns(reading, desired, parsed, tables)
        if all_environments:
            check_experiments(reading, desired, {file.path for file in tree}, expressions, tables)
    # References across documents are checked only when every environment could be read: it would look missing.
    if all_environments:
        for problem in cross_checks.problems(desired, {file.path for file in tree}, cards=cards):
            reading.add(*problem)
    if reading.problems:
        unique = dict.fromkeys(reading.problems)
        raise InvalidManifestsError(tuple(sorted(unique, key=_place)))
    return desired


def position(files: Mapping[str, bytes], path: str, field: tuple[str | int, ...]) -> FilePosition:
    """Return the place of a field in a valid document, or of the nearest one around it that is written."""
    node = read(path, files[path]).at(field) if path in files else None
    return FilePosition(file=path, line=node.line if node else None, column=node.column if node else None)


def _environment_path(file: TreeFile) -> str | None:
    return file.path if ENVIRONMENT.fullmatch(file.path) else None


def _place(problem: Problem) -> tuple[str, int, int, str]:
    return problem.where.file, problem.where.line or 0, problem.where.column or 0, problem.code


def _check_tree(reading: ProblemCollector, tree: tuple[TreeFile, ...]) -> None:
    folded: dict[str, str] = {}
    for file in tree:
        kind = _SPECIAL.get(file.mode)
        if file.path in _FOLDERS:  # else there would seem to be no models
            message = f"expected a folder, found {kind or 'a file'} (mode {file.mode})"
            reading.add(file.path, (), "E301", message, "commit a folder with the files themselves")
            continue
        if not is_configuration(file.path):
            continue
        if kind is not None:
            reading.add(
                file.path,
                (),
                "E301",
                f"expected a regular file, found {kind} (mode {file.mode})",
                "commit the file itself",
            )
        elif is_read(file.path) and file.size is not None and is_too_large(file) and file.path not in reading.files:
            message = f"the file has {file.size:,} bytes; the limit is 1 MiB"
            reading.add(file.path, (), "E109", message, "split it, or remove unused parts")
        elif reading.files.get(file.path, b"").startswith(_LFS):
            reading.add(
                file.path, (), "E301", "expected a YAML document, found a Git LFS pointer", "commit the file itself"
            )
        before = folded.setdefault(file.path.casefold(), file.path)
        if before != file.path:
            message = f"the path differs from {before} in case only"
            reading.add(file.path, (), "E303", message, "rename one: some file systems cannot hold both")


def _documents(reading: ProblemCollector) -> Iterator[tuple[str, schema.AnyDocument]]:
    broken = {problem.where.file for problem in reading.problems}
    for path, body in sorted(reading.files.items()):
        if not is_document(path) or path in broken:
            continue
        data = fast_parse.data_of(body)
        reading.nodes[path] = None
        if data is None:
            try:
                node = reading.nodes[path] = read(path, body)
            except BadDocumentError as error:
                del reading.nodes[path]
                reading.problems.append(error.problem)
                continue
            if leaked := list(_secrets(path, node)):
                # No other problem of this document is reported: its message could repeat the secret.
                reading.problems.extend(leaked)
                continue
            data = node.data()
        document = _validated(reading, path, data)
        if document is not None and is_in_its_place(reading, path, document.metadata.name):
            yield path, document


def _secrets(path: str, node: Node) -> Iterator[Problem]:
    for secret, line, column in secret_scan.find_secrets(node):
        yield Problem(
            code="E219",
            message=f"this looks like {secret}; a manifest must not contain secrets",
            where=FilePosition(file=path, line=line, column=column),
            hint="remove it here and from the git history, then replace the secret where it is used",
        )


def _validated(reading: ProblemCollector, path: str, data: dict[str, Any]) -> schema.AnyDocument | None:
    kinds = {"environments": "Environment", "experiments": "Experiment", PROJECT_FILE: "Project"}
    due = kinds.get(path.partition("/")[0], "Model")
    kind = data.get("kind")
    if isinstance(kind, str) and kind != due and kind in schema.KINDS:
        reading.add(path, ("kind",), "E208", f"expected kind {due} in this file, found {kind}", None)
        return None
    model = schema.KINDS[due]
    try:
        return model.model_validate(data)
    except ValidationError as error:
        node = reading.node(path)
        assert node is not None  # noqa: S101  (it was read)
        looked = second_look.look(error, path=path, node=node, model=model)
        reading.problems.extend(looked.problems)
        if looked.document is not None:
            reading.replaced[path] = looked.replaced
        return looked.document


def _check_version(reading: ProblemCollector, project: schema.Project) -> None:
    requires = project.spec.requires
    if requires is None:
        return
    floor = tuple(int(part) for part in requires.removeprefix(">=").split("."))
    installed = tuple(int(part) for part in re.findall(r"[0-9]+", __version__)[:3])
    if installed < floor:
        message = f"this project requires reconciler {requires}; installed is {__version__}"
        reading.add(PROJECT_FILE, ("spec", "requires"), "E220", message, "upgrade: pip install -U model-reconciler")


def _environments(
    reading: ProblemCollector,
    documents: Mapping[str, schema.AnyDocument],
    tree: Mapping[str, TreeFile],
) -> Iterator[Environment]:
    for path, document in documents.items():
        if isinstance(document, schema.Environment):
            runtime = _runtime(reading, path, document, tree) if document.spec.runtime else None
            trust = trust_of(document.spec.trust, tree, reading.files, partial(reading.add, path))
            yield to_core.environment_of(document, runtime=runtime, trust=trust)


def _runtime(
    reading: ProblemCollector, path: str, document: schema.Environment, tree: Mapping[str, TreeFile]
) -> Runtime | None:
    """Return the runtime with the versions that the lock at this revision pins. `tree`: the files there, by path."""
    given = document.spec.runtime
    if given is None:
        return None
    where = ("spec", "runtime", "lock")
    file = tree.get(given.lock)
    if file is not None and (kind := _SPECIAL.get(file.mode)) is not None:
        message = f"expected a regular file, found {kind} (mode {file.mode})"
        reading.add(path, where, "E301", message, "commit the lock file itself")
        return None
    if file is not None and file.size is not None and is_too_large(file):
        message = f"{given.lock} has {file.size:,} bytes; the limit is {LOCK_BYTES:,}"
        reading.add(path, where, "E311", message, "name a lock file of pip, with one line per package and its hashes")
        return None
    body = reading.files.get(given.lock)
    if body is None:
        reading.add(
            path, where, "E302", "the file does not exist at this revision", "commit it, with a name that ends in .lock"
        )
        return None
    text = body.decode("utf-8", "replace")
    if (hidden := _HIDDEN_BREAK.search(text)) is not None:  # pip begins a line there
        message = f"{given.lock}: U+{ord(hidden[0]):04X} begins a line for pip, and not for those who review it"
        reading.add(path, where, "E113", message, "end each line of it as others do (LF, or CR LF)")
        return None
    pins = {match[1].lower(): match[2] for line in text.splitlines() if (match := _PIN.match(line))}
    missing = [name for name in DISTRIBUTIONS if name not in pins]
    if missing:
        reading.add(
            path, where, "E204", f"{given.lock} does not pin {', '.join(missing)}", "add lines such as numpy==2.4.6"
        )
        return None
    versions = {name: pins[name] for name in (*DISTRIBUTIONS, *OF_ESTIMATORS.values()) if name in pins}
    versions["python"] = given.python
    return Runtime(
        architecture="aarch64" if given.architecture == "arm64" else given.architecture,
        versions=tuple(sorted(versions.items())),
        training_format=TRAINING_FORMAT,
    )


def _models(
    reading: ProblemCollector,
    documents: Mapping[str, schema.AnyDocument],
    environments: set[str],
) -> Iterator[Model]:
    for path, document in documents.items():
        if not isinstance(document, ModelDocument):
            continue
        match = MODEL.fullmatch(path)
        if match is None:
            continue
        model = to_core.model_of(document, environment=match[1], path=path)
        if document.spec.retrain is not None and match[1] in environments and model.artifact is not None:
            reading.add(
                path,
                ("spec", "retrain"),
                "E209",
                "only a sandbox trains models, so this model has no `retrain`",
                "remove it",
            )
        for below, code, message, hint in decisions.problems(model.recipe):
            if not reading.touches(path, place := ("spec", "recipe", *below)):
                reading.add(path, place, code, message, hint)
        yield model
