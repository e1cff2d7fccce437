"""Names, digests, reasons, and what `explain` is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from reconciler.app import locations
from reconciler.core.digest import SHORTEST, DigestPrefix, prefix_of
from reconciler.core.names import NAME_RULE, is_name
from reconciler.errors import ReconcilerError

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem


def shown(text: str) -> str:
    """Return a value that was typed, in quotes and cut, for a message."""
    return repr(text[:40]) + ("..." if len(text) > 40 else "")


class Name(click.ParamType[str]):
    """Name of an environment or a model."""

    name = "name"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if not is_name(str(value)):
            self.fail(f"{shown(str(value))} is not a name: expected {NAME_RULE}", param, ctx)
        return str(value)

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Complete from file names alone: a person waits for the answer at every key."""
        from click.shell_completion import CompletionItem

        try:
            root = locations.project()
        except ReconcilerError:
            return []
        environments = {path.stem for path in root.glob("environments/*.yaml")}
        if param.name in ("environment", "environments"):
            names = environments
        else:
            given = ctx.params.get("names") or ctx.params.get("models") or ()
            first = given[0] if given and given[0] in environments and param.name == "names" else None
            folder = ctx.params.get("environment") or first or "*"
            names = {path.stem for path in root.glob(f"manifests/{folder}/*.yaml")}.difference(given)
            names |= environments if param.name == "names" and not given else set()
        return [CompletionItem(name) for name in sorted(names) if name.startswith(incomplete)]


class NewName(Name):
    """Name of a model that is not there yet."""

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        del ctx, param, incomplete
        return []


class ArtifactDigest(click.ParamType[DigestPrefix]):
    """Digest of an artifact, or its first digits, with or without `sha256:`."""

    name = "digest"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> DigestPrefix:
        prefix = prefix_of(str(value))
        if prefix is None:
            self.fail(
                f"{shown(str(value))} is no digest: expected its first digits, {SHORTEST} or more of 0-9 and a-f, as "
                "`reconciler history` shows them",
                param,
                ctx,
            )
        return prefix


class FieldCodeOrWord(click.ParamType[str]):
    """Path of a manifest's field, an error code, or a word that is printed."""

    name = "field"

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:  # noqa: ARG002
        """Complete in any case, as `explain` reads it, by the committed schemas and lists."""
        from click.shell_completion import CompletionItem

        from reconciler.error_codes import CODES
        from reconciler.manifest.loading.field_docs import tails
        from reconciler.report.help.glossary import words

        known = dict.fromkeys((*words(), *tails(), *CODES))
        return [CompletionItem(name) for name in known if name.casefold().startswith(incomplete.casefold())]


class Reason(click.ParamType[str]):
    """Reason for people to read: one line of text."""

    name = "text"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        text = " ".join(str(value).split())
        if not text or len(text) > 300 or not text.isprintable():
            self.fail("expected one line of text, at most 300 characters", param, ctx)
        return text
