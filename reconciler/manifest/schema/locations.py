"""Define where artifacts and deployed models are: a folder, a bucket, a plug-in's storage; and where models train.

A location of a store holds neither an address to connect to nor a credential: an author of manifests could otherwise
send this program, and its keys, to a server of theirs. Both come from environment variables of the command. A registry
is named by its host; so those variables say for which host their credentials are.
"""

from __future__ import annotations

import difflib
import re
from typing import Annotated, ClassVar, Literal, TypeVar
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator

from reconciler.core.artifact.store_layout import is_key
from reconciler.core.duration import parse_duration
from reconciler.core.package.registry_reference import parse_reference
from reconciler.core.spec.compute import WAIT, ClusterSecurity, DaskCompute
from reconciler.errors import UsageError
from reconciler.manifest.schema.field_types import (
    ColumnName,
    Document,
    Duration,
    Name,
    ProjectPath,
    SecretReference,
    refuse,
)

S = TypeVar("S", bound="_Spec")

ELSEWHERE = ("account", "bucket", "container", "prefix", "region", "repository", "tracking")
"""Fields of locations that are not folders of the project."""
_FIELDS = {
    "files": ("root",),
    "directory": ("root",),
    "s3": ("bucket", "prefix", "region"),
    "gcs": ("bucket", "prefix"),
    "azure": ("container", "prefix", "account"),
    "oci": ("repository",),
    "mlflow": ("tracking",),
}
"""Storage type -> its fields, the first of which is required."""
_BUCKET = re.compile(r"[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]")
_ACCOUNT = re.compile(r"[a-z0-9]{3,24}")
_REGION = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
_LONGEST = 200
_VARIABLE = re.compile(r"env:[A-Za-z_][A-Za-z0-9_]{0,99}")


def _bucket(text: str) -> str:
    if _BUCKET.fullmatch(text) is None or ".." in text:
        raise refuse(
            "E206", "not a valid bucket name; expected 3 to 63 lower-case letters, digits, hyphens, dots or underscores"
        )
    return text


def _account(text: str) -> str:
    if _ACCOUNT.fullmatch(text) is None:
        raise refuse("E206", "not a valid storage account name; expected 3 to 24 lower-case letters and digits")
    return text


def _region(text: str) -> str:
    if _REGION.fullmatch(text) is None:
        raise refuse("E206", "not a valid region name; expected one such as eu-north-1")
    return text


def _prefix(text: str) -> str:
    if not is_key(text) or len(text) > _LONGEST:
        raise refuse(
            "E206",
            "not a valid prefix; expected names of letters, digits, dots, hyphens or underscores, with / between",
        )
    return text


def _repository(text: str) -> str:
    try:
        reference = parse_reference(text)
    except UsageError:
        reference = None
    if reference is None or str(reference) != reference.address or text != reference.address:
        raise refuse("E206", "not a repository of a registry; expected HOST/NAME, without a tag and without a password")
    return text


def _tracking(text: str) -> str:
    """Check the address of a tracking server, or the name of the variable that holds it. A password in it is not
    repeated."""
    try:
        parts = urlsplit(text)
        local = parts.hostname in ("localhost", "127.0.0.1", "::1")
        fits = bool(parts.hostname) and parts.scheme in ("https", "http") and parts.port != 0
    except ValueError:
        fits = local = False
    plain = fits and "@" not in parts.netloc and not parts.query and not parts.fragment
    if _VARIABLE.fullmatch(text) is None and not (plain and (parts.scheme == "https" or local)):
        raise refuse("E206", "not a tracking server; expected https://HOST, without a user and a password, or env:NAME")
    return text


Tracking = Annotated[str, Field(max_length=_LONGEST), AfterValidator(_tracking)]
Repository = Annotated[str, AfterValidator(_repository)]
Bucket = Annotated[str, AfterValidator(_bucket)]
Account = Annotated[str, AfterValidator(_account)]
Region = Annotated[str, AfterValidator(_region)]
Prefix = Annotated[str, AfterValidator(_prefix)]


class _Spec(Document):
    _own: ClassVar[tuple[str, ...]] = ()

    uses: Name = Field(description="Storage type.")
    root: ProjectPath | None = Field(
        default=None, description="Folder inside the project, not tracked by git. For files and directory."
    )
    bucket: Bucket | None = Field(default=None, description="Name of the bucket. For s3 and gcs.")
    container: Bucket | None = Field(default=None, description="Name of the container. For azure.")
    account: Account | None = Field(
        default=None, description="Storage account; default: AZURE_STORAGE_ACCOUNT_NAME. For azure."
    )
    prefix: Prefix | None = Field(
        default=None, description="Prefix of the keys; default: the whole bucket or container."
    )
    region: Region | None = Field(default=None, description="Region of the bucket; default: AWS_REGION. For s3.")
    settings: dict[ColumnName, Annotated[str, Field(max_length=_LONGEST)]] = Field(
        default_factory=dict, description="Settings of a plug-in. Only for storage types of plug-ins."
    )

    @model_validator(mode="after")
    def _fits(self: S) -> S:
        own = self._own
        if self.uses not in own:
            if self.uses in _FIELDS or not self.settings:
                close = difflib.get_close_matches(self.uses, own, n=1)
                remedy = f"did you mean {close[0]}?" if close else "plug-in types take `settings`"
                raise refuse("E205", f"unknown storage type; expected {', '.join(own)}; {remedy}", at="uses")
            return self._only(())
        if self.settings:
            raise refuse("E205", f"`settings` is for plug-in types, not for {self.uses}", at="settings")
        fields = _FIELDS[self.uses]
        if getattr(self, fields[0]) is None:
            raise refuse("E204", f"{self.uses} needs `{fields[0]}`")
        return self._only(fields)

    def _only(self: S, fields: tuple[str, ...]) -> S:
        for name in ("root", *ELSEWHERE):
            if name not in fields and getattr(self, name, None) is not None:
                takes = ", ".join(fields) or "settings"
                raise refuse("E205", f"`{name}` is not a field of {self.uses}, which takes {takes}", at=name)
        return self


class MirrorSpec(_Spec):
    """Storage location of the second copy of journals and controls."""

    _own = ("files", "s3", "gcs", "azure")

    uses: Name = Field(description="Storage type: files (on a disk), s3, gcs, azure, or a plug-in's name.")


class StoreSpec(MirrorSpec):
    """Storage location of artifacts and journals."""

    mirror: MirrorSpec | None = Field(
        default=None,
        description="Where a second copy of journals and controls is kept, on another disk or in another bucket; "
        "`repair` brings them back from it.",
    )


class TargetSpec(_Spec):
    """Storage location of deployed models."""

    _own = ("directory", "s3", "gcs", "azure", "oci", "mlflow")

    uses: Name = Field(
        description="Storage type: directory (on a disk), s3, gcs, azure, oci, mlflow, or a plug-in's name."
    )
    repository: Repository | None = Field(
        default=None, description="HOST/NAME of a repository in an OCI registry; environments may share it. For oci."
    )
    tracking: Tracking | None = Field(
        default=None,
        description="Address of an MLflow tracking server, or env:NAME of the variable that holds it. For mlflow.",
    )


class SecuritySpec(Document):
    """Certificates of a cluster, in PEM form. They are read where the sandbox is applied, and never stored."""

    ca: SecretReference = Field(
        description="Certificate of the authority that signed the scheduler's and the workers': file:PATH or env:NAME."
    )
    certificate: SecretReference = Field(description="Certificate of who applies: file:PATH or env:NAME.")
    key: SecretReference = Field(description="Its private key: file:PATH or env:NAME.")


class ComputeSpec(Document):
    """Where models are trained; it is no part of what they are, so their bytes are equal."""

    uses: Literal["local", "dask"] = Field(description="local: the machine that applies; dask: an existing cluster.")
    scheduler: SecretReference | None = Field(
        default=None,
        description="Where the address of the scheduler is, such as env:DASK_SCHEDULER, or file:PATH of the file that "
        "a scheduler writes. For dask.",
    )
    security: SecuritySpec | None = Field(
        default=None, description="Certificates; required unless the scheduler is on the machine that applies."
    )
    wait: Duration | None = Field(default=None, description="How long to wait while there is no worker; default: 10m.")

    @model_validator(mode="after")
    def _fits(self) -> ComputeSpec:
        if self.uses == "dask":
            if self.scheduler is None:
                raise refuse("E204", "dask needs `scheduler`, such as env:DASK_SCHEDULER")
            return self
        for name in ("scheduler", "security", "wait"):
            if getattr(self, name) is not None:
                raise refuse("E205", f"`{name}` is not a field of local, which takes nothing else", at=name)
        return self

    def value(self) -> DaskCompute | None:
        """Return the cluster as a core value; None for this machine."""
        if self.scheduler is None:
            return None
        security = self.security
        return DaskCompute(
            scheduler=self.scheduler,
            security=ClusterSecurity(ca=security.ca, certificate=security.certificate, key=security.key)
            if security is not None
            else None,
            wait=parse_duration(self.wait) if self.wait is not None else WAIT,
        )
