"""Paths of files and folders, and tables with the file that each is read from."""

from __future__ import annotations

import glob
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from reconciler.cli.types.texts import shown
from reconciler.core.names import is_name

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem


class InputFile(click.ParamType[Path]):
    """Path of a file; standard streams are refused, because a result replaces its file in one step."""

    name = "file"

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:  # noqa: ARG002
        """Let the shell complete the path."""
        from click.shell_completion import CompletionItem

        return [CompletionItem(incomplete, type="file")]

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        text = str(value)
        if text in ("", "-", ".", "..") or "\0" in text or text.endswith("/"):
            self.fail(f"{shown(text)} is not a file name", param, ctx)
        if any(len(part.encode(errors="surrogateescape")) > 255 for part in Path(text).parts) or len(text) > 4000:
            self.fail(f"{shown(text)} is too long for a file name", param, ctx)
        return Path(text)


class Folder(click.ParamType[str]):
    """Path of a folder."""

    name = "folder"

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:  # noqa: ARG002
        """Let the shell complete the path."""
        from click.shell_completion import CompletionItem

        return [CompletionItem(incomplete, type="dir")]


class OutFile(InputFile):
    """Path of a file to write; refused before any work where it cannot be written."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        path = super().convert(value, param, ctx)
        if path.is_dir():
            self.fail(f"{shown(str(path))} is a folder", param, ctx)
        if not path.parent.is_dir():
            self.fail(f"there is no folder {shown(str(path.parent))}", param, ctx)
        from reconciler.app import locations

        locations.check_output(path)
        return path


STREAM = Path("-")
"""What stands for standard output."""


class PredictionsOut(OutFile):
    """Path of a file for a table, whose ending says its form; `-` is standard output."""

    name = "file"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        from reconciler.core.prediction.prediction_columns import form_of

        if str(value) == "-":
            return STREAM
        path = super().convert(value, param, ctx)
        form_of(str(value))
        return path


class TableInput(click.ParamType[tuple[str, Path]]):
    """Table and the file to read it from: `TABLE=FILE`."""

    name = "table=file"

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:  # noqa: ARG002
        """Complete the files beside what is typed of a file; a shell completes one word, and this is one."""
        from click.shell_completion import CompletionItem

        table, equals, start = incomplete.partition("=")
        if not equals:
            return []
        folder, _, name = start.rpartition("/")
        found = sorted(Path(folder or ".").glob(f"{glob.escape(name)}*"))
        ends = ("/" if path.is_dir() else "" for path in found)
        return [CompletionItem(f"{table}={path}{end}") for path, end in zip(found, ends, strict=True)]

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, Path]:
        if isinstance(value, tuple):
            return value
        table, equals, file = str(value).partition("=")
        if not equals or not is_name(table.replace("_", "-").lower()):
            self.fail(f"{shown(str(value))} is not TABLE=FILE", param, ctx)
        return table, InputFile().convert(file, param, ctx)
