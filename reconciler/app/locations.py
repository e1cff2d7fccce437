"""Find the folders of a project, its caches and its scratch. Nothing is written to find them.

The cache lies outside the work tree (in git's own folder, else the user's cache), so that it can neither be committed
nor be planted by a commit.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from reconciler.errors import IntegrityError, UsageError

PROJECT_FILE = "reconciler.yaml"
CACHE = "reconciler/cache"
WITNESS = "reconciler/seen"
NOTICED = 2_000  # manifests; with more, uncommitted changes are not looked for: that would take too long for a warning


def enter(folder: str) -> None:
    """Make `folder` the current one, as `git -C` does.

    Raises UsageError E801; IntegrityError E302 where a link on the way is tracked by the repository that it leads into.
    """
    try:
        if not folder:
            raise ValueError
        start = os.getcwd()  # noqa: PTH109  (a text)
        os.chdir(folder)
        _refuse_planted(start, folder)
    except (OSError, ValueError) as error:
        raise UsageError(
            f"-C {folder[:100]!r} cannot be entered: {getattr(error, 'strerror', None) or 'not a path'}",
            hint="name the project's folder",
            code="E801",
        ) from error


def project(start: Path | None = None) -> Path:
    """Return the nearest folder with a reconciler.yaml, from `start` up to the repository's root.

    `start` is the current folder by default. Raises UsageError E801 where there is no project, E803 where the current
    folder cannot be read.
    """
    try:
        folder = (Path.cwd() if start is None else start).resolve(strict=True)
        # A shell names the current folder with the links that it was entered by.
        named = os.environ.get("PWD", "") if start is None else str(start.absolute())
        if named.startswith("/") and named != str(folder) and os.path.realpath(named) == str(folder):
            _refuse_planted("/", named)
    except OSError as error:
        raise UsageError(
            f"the current folder cannot be read: {error.strerror}"
            if start is None
            else f"{str(start)[:100]} cannot be read: {error.strerror}",
            hint="go to the project's folder, or name it with -C DIR",
            code="E803",
        ) from error
    for parent in (folder, *folder.parents):
        if (parent / PROJECT_FILE).is_file():
            return parent
        if (parent / ".git").exists():
            break
    raise UsageError(
        f"no {PROJECT_FILE} in this folder, nor above it up to the repository's root"
        if start is None
        else f"no {PROJECT_FILE} in {str(start)[:100]}, nor above it up to the repository's root",
        hint="go to the project's folder, or name it: reconciler -C DIR ...",
        code="E801",
    )


def check_output(file: Path, *, option: str = "--out") -> None:
    """Check where a file is to be written, in one step, in the place of what is there. `option` names it.

    Raises UsageError E801 for a pipe, a device or a standard stream, which would be gone; IntegrityError E302 where a
    link that git tracks leads to its folder.
    """
    if os.path.lexists(file) and not _is_replaceable(file):
        raise UsageError(
            f"{option} {str(file)!r} is a pipe, a device or a standard stream: a file would take its place",
            hint="name a file",
            code="E801",
        )
    for place, target, path, _ in _tracked_links("/", str(file.parent.absolute())):
        what = "where the file is written"
        raise _planted(f"{option} {str(file)!r}", place, target, what, option, f"{path}/{file.name}")


def check_output_folder(folder: Path, *, option: str) -> None:
    """Raise IntegrityError E302 where a link that git tracks leads to a folder that files are to be written to."""
    for place, target, path, _ in _tracked_links("/", str(folder.absolute())):
        raise _planted(f"{option} {str(folder)!r}", place, target, "where files are written", option, path)


def _is_replaceable(path: Path) -> bool:
    """Tell whether a file lies there, or a link that may lead to one."""
    mode = path.lstat().st_mode
    if stat.S_ISLNK(mode):
        is_stream = str(path.readlink()).startswith(("/proc/", "/dev/"))
        return not is_stream and (path.is_file() or not path.exists())
    return stat.S_ISREG(mode)


def _refuse_planted(start: str, folder: str) -> None:
    """Raise IntegrityError E302 where `folder` leads through a link into the repository that tracks the link.

    A request could point such a link at another project of its own.
    """
    for place, target, path, inside in _tracked_links(start, folder):
        if inside:
            raise _planted(folder, place, target, "which project that is", "-C", path)


def _planted(path: str, place: str, target: str, what: str, option: str, instead: str) -> IntegrityError:
    from shlex import quote

    return IntegrityError(
        f"{path} leads through {place}, a symbolic link that git tracks to {target!r}: a commit decides {what}",
        code="E302",
        hint=f"name the folder itself: {option} {quote(instead)}; or take the link out of git: "
        f"git rm --cached {quote(place)}",
    )


def _tracked_links(start: str, path: str) -> Iterator[tuple[str, str, str, bool]]:
    """Yield each link on the way that git tracks: its place, what it holds, where the path leads in the end, and
    whether that is in the repository of the link."""
    from reconciler.adapters.filesystem.resolved_path import resolve

    found = resolve(start, path)
    if not found.links:
        return
    from reconciler.adapters.git.tracked_paths import TrackedPaths, repository_of

    tracked = TrackedPaths(None, Path(start))
    for place, target in found.links:
        repository = repository_of(place)
        if repository is not None and tracked.at(place, link=True) is not None:
            yield place, target, found.path, repository == repository_of(f"{found.path}/.")


def data_root(given: str | None, root: Path) -> Path:
    """Return the folder that table paths start from: `given`, or the project's. Raises UsageError E801."""
    if given is None:
        return root
    folder = Path(given)
    if not given or "\0" in given or not folder.is_dir():
        raise UsageError(
            f"--data-root {given[:100]!r} is not a folder",
            hint="name the folder that table paths start from",
            code="E801",
        )
    return folder.resolve()


def user_cache() -> Path | None:
    """Return the user's cache folder (XDG Base Directory Specification); None where there is no home.

    A folder of a known name among temporary files could be another user's.
    """
    if named := os.environ.get("XDG_CACHE_HOME"):
        return Path(named) / "reconciler"
    try:
        return Path.home() / ".cache" / "reconciler"
    except RuntimeError:
        return None


def stores_cache() -> Path | None:
    """Return the user's folder for what was read from buckets; None where there is no home."""
    folder = user_cache()
    return folder / "stores" if folder is not None else None


def key_of(root: Path) -> str:
    """Return a short name for a project's folder, which tells two projects of one repository apart."""
    return hashlib.blake2b(os.fsencode(root), digest_size=8).hexdigest()


def cache(git_folder: Path | None) -> Path:
    """Return the project's cache folder: in git's folder where that can be written, else the user's; else none that can
    be."""
    if git_folder is not None and os.access(git_folder, os.W_OK):
        return git_folder / CACHE
    return user_cache() or Path(os.devnull) / "reconciler"


@contextmanager
def scratch() -> Iterator[Path]:
    """Return a private empty folder, removed at the end. Raises UsageError E803."""
    import shutil
    import tempfile

    try:
        folder = Path(tempfile.mkdtemp(prefix="reconciler-"))
    except OSError as error:
        raise UsageError(
            f"cannot create a temporary folder: {error.strerror}",
            hint="set TMPDIR to a folder with free space that you may write to",
            code="E803",
        ) from error
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
