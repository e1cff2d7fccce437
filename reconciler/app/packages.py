"""Export, import, push and pull model packages: the use cases, with the adapters that they need. Prints nothing."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from reconciler.adapters.packages.archive_reader import open_archive
from reconciler.adapters.packages.archive_writer import ArchiveWriter, check_absent
from reconciler.adapters.registries.registry import OciRegistry
from reconciler.app import locations
from reconciler.app.wiring import OpenProject
from reconciler.core.digest import DigestPrefix
from reconciler.core.package.registry_reference import parse_reference
from reconciler.core.package.results import ExportResult, ImportResult, PullResult, PushResult
from reconciler.core.spec.environment import Environment
from reconciler.engine.package import export_package as exporting
from reconciler.engine.package import import_package as importing
from reconciler.engine.package import transfer
from reconciler.engine.package.export_package import key_ids
from reconciler.engine.package.read_package import PackageContent, read_package
from reconciler.errors import StoreError, UsageError

DEFAULT_TAG = "latest"


def export(
    project: OpenProject, environment: Environment, model: str | None, digest: DigestPrefix | None, file: Path
) -> ExportResult:
    """Write the package of what an environment deploys of a model, or of an artifact by its digest."""
    check_absent(file)
    what = exporting.exported(project.deps, project.checkout, environment, model, digest)
    return exporting.export_package(project.deps, project.checkout, ArchiveWriter(), what, file, str(file))


def import_file(project: OpenProject, environment: Environment, file: Path) -> ImportResult:
    """Check a package and write it into an environment's store."""
    with _room(file), open_archive(file) as archive:
        checked = importing.check_import(project.deps, project.checkout, archive, environment)
        return importing.write_import(project.deps, project.checkout, checked, str(file))


def push(file: Path, name: str) -> PushResult:
    """Upload a package, once it was checked."""
    reference = parse_reference(name)
    if reference.digest is not None:
        raise UsageError("a digest names what is there already", hint="name a tag to push to", code="E801")
    with _read(file) as content:
        registry = OciRegistry(reference, os.environ)
        tag = reference.tag or content.evidence.model
        pushed = transfer.push(registry, content, tag)
        return PushResult(
            file=str(file),
            reference=f"{reference.address}:{tag}",
            artifact=content.artifact.digest,
            attestations=len(content.attestations),
            uploaded=pushed.uploaded,
            referrers=pushed.referrers,
        )


def pull(name: str, file: Path) -> PullResult:
    """Fetch a package from a registry, check it, and write it to `file`, which must not exist."""
    reference = parse_reference(name)
    check_absent(file)
    with locations.scratch() as scratch, _room(file):
        fetched = scratch / "fetched"
        fetched.mkdir()
        wanted = reference.digest or reference.tag or DEFAULT_TAG
        members = transfer.fetch(OciRegistry(reference, os.environ), wanted, fetched)
        ArchiveWriter().write(scratch / "package.tar", members)
        with _read(scratch / "package.tar") as content:
            package = ArchiveWriter().write(file, members)
            return PullResult(
                file=str(file),
                reference=str(reference),
                package=package,
                size=file.stat().st_size,
                model=content.evidence.model,
                artifact=content.artifact.digest,
                origin=f"{content.evidence.project}/{content.evidence.environment}",
                attestations=len(content.attestations),
                keys=key_ids(content.attestations),
            )


@contextmanager
def _read(file: Path) -> Iterator[PackageContent]:
    """Check a package outside any project; its large files lie in a folder that is removed at the end."""
    with locations.scratch() as scratch, _room(file), open_archive(file) as archive:
        work = scratch / "package"
        work.mkdir()
        yield read_package(archive, work)


@contextmanager
def _room(file: Path) -> Iterator[None]:
    """Explain an operating system that does not let scratch files be written, or the package be read to its end."""
    try:
        yield
    except OSError as error:
        if error.filename is None and error.errno is None:
            raise
        raise StoreError(
            f"{file.name} cannot be unpacked: {error.strerror or type(error).__name__}",
            code="E803",
            hint="set TMPDIR to a folder with room for it, and run the same command again; nothing was written",
        ) from error
