"""Define where a sandbox trains: on the machine that applies it, or on a Dask cluster."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from reconciler.core.duration import parse_duration
from reconciler.core.spec.compute import WAIT, ClusterSecurity, DaskCompute
from reconciler.manifest.schema.field_types import Document, Duration, SecretReference, refuse


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
