"""The journal's entries that a target keeps in a folder of each model, by number."""

from __future__ import annotations

from pathlib import Path

from reconciler.adapters.filesystem.durable_files import FileTooLargeError, IrregularFileError, read_regular
from reconciler.adapters.filesystem.held_folder import HeldFolder
from reconciler.core.artifact.object_sizes import too_large
from reconciler.core.artifact.target_ownership import ENTRIES
from reconciler.core.size_limits import RECORD_BYTES


def keep(root: HeldFolder, model: str, n: int, body: bytes) -> None:
    """Write the bytes of an entry durably, in one rename."""
    with root.held(model, make=True) as folder, folder.held(ENTRIES, make=True) as entries:
        folder.force()
        root.force()
        entries.sweep()
        temporary = entries.write_temporary(body, mode=0o644)
        try:
            entries.replace(temporary, f"{n}.json")
        finally:
            entries.unlink(temporary)
        entries.force()


def read(root: Path, model: str, n: int) -> bytes | None:
    """Return the bytes that are kept; None where no plain file is. Raises OSError, IntegrityError E612."""
    name = f"{model}/{ENTRIES}/{n}.json"
    try:
        return read_regular(f"{root}/{name}", RECORD_BYTES)
    except (FileNotFoundError, NotADirectoryError, IrregularFileError):
        return None
    except FileTooLargeError as error:
        raise too_large(name, error.size, error.largest) from error
