"""Where an environment keeps its artifacts and its served models: a folder, a bucket, or a place that a plug-in knows.

Neither an address to connect to nor a credential is ever said here: whoever may write a manifest could otherwise send
this program, and its keys, to a server of theirs. Both come from the environment variables of whoever runs it.
"""

from __future__ import annotations

import difflib
import re
from typing import Annotated, ClassVar, TypeVar

from pydantic import AfterValidator, Field, model_validator

from reconciler.core.artifact.store_layout import is_key
from reconciler.manifest.schema.field_types import ColumnName, Document, Name, ProjectPath, refuse

S = TypeVar("S", bound="_Spec")

ELSEWHERE = ("account", "bucket", "container", "prefix", "region")
"""Fields of places that are not folders of the project."""
_FIELDS = {
    "files": ("root",),
    "directory": ("root",),
    "s3": ("bucket", "prefix", "region"),
    "gcs": ("bucket", "prefix"),
    "azure": ("container", "prefix", "account"),
}
"""By kind: the fields that it has, the first of which it needs."""
_BUCKET = re.compile(r"[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]")
_ACCOUNT = re.compile(r"[a-z0-9]{3,24}")
_REGION = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
_LONGEST = 200


def _bucket(text: str) -> str:
    if _BUCKET.fullmatch(text) is None or ".." in text:
        raise refuse("E206", "not a bucket's name: 3 to 63 lower-case letters, digits, hyphens, dots or underscores")
    return text


def _account(text: str) -> str:
    if _ACCOUNT.fullmatch(text) is None:
        raise refuse("E206", "not a storage account's name: 3 to 24 lower-case letters and digits")
    return text


def _region(text: str) -> str:
    if _REGION.fullmatch(text) is None:
        raise refuse("E206", "not a region's name, such as eu-north-1")
    return text


def _prefix(text: str) -> str:
    if not is_key(text) or len(text) > _LONGEST:
        raise refuse("E206", "not a prefix: names of letters, digits, dots, hyphens or underscores, with / between")
    return text


Bucket = Annotated[str, AfterValidator(_bucket)]
Account = Annotated[str, AfterValidator(_account)]
Region = Annotated[str, AfterValidator(_region)]
Prefix = Annotated[str, AfterValidator(_prefix)]


class _Spec(Document):
    _own: ClassVar[tuple[str, ...]] = ()

    uses: Name = Field(description="What it is kept on.")
    root: ProjectPath | None = Field(
        default=None, description="Its folder, inside the project; never a tracked one. For files on a disk."
    )
    bucket: Bucket | None = Field(default=None, description="The bucket that it is in. For s3 and gcs.")
    container: Bucket | None = Field(default=None, description="The container that it is in. For azure.")
    account: Account | None = Field(
        default=None, description="The storage account, if not AZURE_STORAGE_ACCOUNT_NAME. For azure."
    )
    prefix: Prefix | None = Field(
        default=None, description="Its part of the bucket or container; all of it, if not said."
    )
    region: Region | None = Field(default=None, description="The bucket's region, if not AWS_REGION. For s3.")
    settings: dict[ColumnName, Annotated[str, Field(max_length=_LONGEST)]] = Field(
        default_factory=dict, description="What a plug-in is told. Only for kinds that a plug-in brings."
    )

    @model_validator(mode="after")
    def _fits(self: S) -> S:
        own = self._own
        if self.uses not in own:
            if self.uses in _FIELDS or not self.settings:
                close = difflib.get_close_matches(self.uses, own, n=1)
                near = f"; did you mean {close[0]}?" if close else "; a plug-in's takes `settings`"
                raise refuse("E205", f"`uses` is one of {', '.join(own)}{near}", at="uses")
            return self._only(())
        if self.settings:
            raise refuse("E205", f"`settings` are for plug-ins, not for {self.uses}", at="settings")
        fields = _FIELDS[self.uses]
        if getattr(self, fields[0]) is None:
            raise refuse("E204", f"{self.uses} needs `{fields[0]}`")
        return self._only(fields)

    def _only(self: S, fields: tuple[str, ...]) -> S:
        for name in ("root", *ELSEWHERE):
            if name not in fields and getattr(self, name) is not None:
                takes = ", ".join(fields) or "settings"
                raise refuse("E205", f"`{name}` is not for {self.uses}, which takes {takes}", at=name)
        return self


class StoreSpec(_Spec):
    _own = ("files", "s3", "gcs", "azure")

    uses: Name = Field(description="What it is kept on: files (on a disk), s3, gcs, azure, or a plug-in's name.")


class TargetSpec(_Spec):
    _own = ("directory", "s3", "gcs", "azure")

    uses: Name = Field(description="What it is kept on: directory (on a disk), s3, gcs, azure, or a plug-in's name.")
