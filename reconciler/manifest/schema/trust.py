"""Define the keys that an environment trusts, as its file writes them."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from reconciler.core.trust.keys import IDENTITY, ISSUER, KEYS_FOLDER
from reconciler.manifest.schema.field_types import Document, refuse


def _day(text: str) -> str:
    try:
        if date.fromisoformat(text).isoformat() == text:
            return text
    except ValueError:
        pass
    raise refuse("E205", "expected a day such as 2027-12-31")


Day = Annotated[str, AfterValidator(_day)]
KeyFile = Annotated[str, Field(pattern=rf"^{KEYS_FOLDER}/[A-Za-z0-9][A-Za-z0-9._-]{{0,99}}\.pub$")]


class TrustedKey(Document):
    """A public key that is trusted, or an identity that signs without a key of its own (Sigstore)."""

    key: KeyFile | None = Field(default=None, description="File of the public key (PEM), such as keys/trainer.pub.")
    identity: Annotated[str, Field(pattern=IDENTITY)] | None = Field(
        default=None,
        description="Instead of a key: the identity that certificates of Sigstore name, such as the address of a "
        "workflow at a branch, or of a mailbox. Exactly this one.",
    )
    issuer: Annotated[str, Field(pattern=ISSUER)] | None = Field(
        default=None, description="Who vouches for the identity: the address of its provider."
    )
    from_: Day | None = Field(default=None, description="First day on which it may sign.")
    until: Day | None = Field(default=None, description="Last day on which it may sign.")
    revoked: Day | None = Field(
        default=None, description="Day since when nothing that it signed counts, whenever it did; it stays listed."
    )
    reason: str | None = Field(default=None, min_length=1, max_length=300, description="Reason of the revocation.")

    @property
    def label(self) -> str:
        """Return what it is named by: its file, or its identity."""
        return self.key or self.identity or ""

    @model_validator(mode="after")
    def _one_of_both(self) -> TrustedKey:
        if (self.key is None) == (self.identity is None):
            raise refuse("E205", "expected `key`, or `identity` with its `issuer`, and not both")
        if (self.identity is None) != (self.issuer is None):
            raise refuse("E205", "`identity` and `issuer` go together: another issuer's is another identity")
        return self

    @model_validator(mode="after")
    def _days(self) -> TrustedKey:
        if self.from_ is not None and self.until is not None and self.until < self.from_:
            raise refuse("E225", "the key is trusted on no day: `until` lies before `from`", at="until")
        if self.reason is not None and self.revoked is None:
            raise refuse("E205", "only a revoked key has a `reason`", at="reason")
        return self


class TrustedKeys(Document):
    """The keys of each role."""

    trainer: list[TrustedKey] = Field(
        default_factory=list, max_length=50, description="Keys that sign trainings and the results of gates."
    )
    promoter: list[TrustedKey] = Field(
        default_factory=list, max_length=50, description="Keys that sign this environment's journal and controls."
    )


class KeyThreshold(Document):
    """How many keys of a role must sign."""

    trainer: int = Field(default=1, ge=1, le=20, description="Lowest number of trainers' keys.")


class ReproducedBy(Document):
    """The gate `reproduced`: independent trainings must agree on the digest."""

    by: int = Field(
        default=1, ge=1, le=20, description="Trainers who must have trained it, each by itself and with its own key."
    )


class TrustSpec(Document):
    """The signatures that an environment asks for."""

    required: bool = Field(default=False, description="Whether what is not signed is refused, and not only told.")
    keys: TrustedKeys = Field(default=TrustedKeys(), description="The public keys that are trusted, by role.")
    threshold: KeyThreshold = Field(default=KeyThreshold(), description="How many different keys must sign.")
    reproduced: ReproducedBy = Field(
        default=ReproducedBy(),
        description="A gate: independent trainers' signed trainings must agree on the artifact's digest.",
    )

    @model_validator(mode="after")
    def _reachable(self) -> TrustSpec:
        counting = [each for each in self.keys.trainer if each.revoked is None]
        if self.threshold.trainer > 1 and len(counting) < self.threshold.trainer:
            message = f"{self.threshold.trainer} keys of {len(counting)} that count are impossible"
            raise refuse("E225", message, at="threshold")
        if self.reproduced.by > len(counting) and self.reproduced.by > 1:
            message = f"{self.reproduced.by} trainers of {len(counting)} whose keys count are impossible"
            raise refuse("E225", message, at="reproduced")
        if self.required:
            for role in ("trainer", "promoter"):
                if not getattr(self.keys, role):
                    raise refuse("E225", f"signatures are required, and no {role} key is trusted", at="keys")
        return self
