"""Define an environment's controls as its file writes them. A control that blocks everything forever is an error."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from reconciler.core.digest import Digest
from reconciler.core.duration import parse_duration
from reconciler.core.spec import policy
from reconciler.manifest.schema.field_types import DigestText, Document, Duration, Name, no_duplicates, refuse
from reconciler.schedule import freeze_windows

Reason = Annotated[str, Field(min_length=1, max_length=300, description="Reason, shown in every message about it.")]


def _person(text: str) -> str:
    name = policy.team_of(text)
    letters = all(letter.isalnum() or letter in "-_./[]" for letter in name)
    if not (1 <= len(name) <= 200 and name.isascii() and letters):  # no forge has others, and look-alikes fool people
        raise refuse("E206", "expected a person or team of the forge, such as ada, org/team or team:finance")
    return text


Person = Annotated[str, AfterValidator(_person)]
UnknownShare = Annotated[str, Field(pattern=r"^([0-9]{1,2}(\.[0-9]{1,2})?|100)%$")]


class Approvals(Document):
    """Approvals that the pull request of a pin needs; the forge is asked when the pin is applied."""

    min: int = Field(default=1, ge=1, le=20, description="Lowest number of approvals.")
    from_: list[Person] = Field(
        min_length=1,
        max_length=100,
        description="Approvers: people by their forge names, and teams as org/team, group/subgroup or team:NAME.",
    )
    not_author: bool = Field(
        default=True,
        description="Whether whoever opened the request, or wrote or pushed its commits, cannot approve it.",
    )

    @model_validator(mode="after")
    def _reachable(self) -> Approvals:
        no_duplicates([person.casefold() for person in self.from_], "approver")
        people = [name for name in self.from_ if not name.endswith("[bot]")]  # a program is nobody who could approve
        if not any(map(policy.is_team, people)) and self.min > len(people):
            raise refuse(
                "E225",
                f"{self.min} approvals of {len(people)} people are impossible: lower `min` or add people",
                at="min",
            )
        return self

    def value(self) -> policy.Approvals:
        """Return the control as a core value."""
        return policy.Approvals(least=self.min, people=tuple(self.from_), not_author=self.not_author)


class Freeze(Document):
    """A time window in which nothing new is deployed."""

    cron: str = Field(
        max_length=100, description="Start of the window as a cron expression: minute hour day month weekday."
    )
    duration: Duration = Field(
        description="Length of the window in real time: 24h is 24 hours even when the clocks change."
    )
    time_zone: str = Field(max_length=60, description="Time zone of the cron expression, such as Europe/Vienna or UTC.")
    reason: Reason
    rollback: Literal["allowed", "blocked"] = Field(
        default="allowed", description="Whether a previously deployed artifact may be restored during the window."
    )

    @model_validator(mode="after")
    def _comes_true(self) -> Freeze:
        if (problem := freeze_windows.problem_of(self.cron)) is not None:
            raise refuse("E205", f"not a cron expression: {problem}", at="cron")
        if not freeze_windows.is_zone(self.time_zone):
            raise refuse("E205", "unknown time zone; write an IANA name, such as Europe/Vienna", at="timeZone")
        if freeze_windows.never_opens((self.value(),)):
            raise refuse(
                "E225", "the window starts again before it ends: nothing could ever be deployed", at="duration"
            )
        return self

    def value(self) -> policy.Freeze:
        """Return the control as a core value."""
        return policy.Freeze(
            cron=self.cron,
            duration=parse_duration(self.duration),
            time_zone=self.time_zone,
            reason=self.reason,
            blocks_rollback=self.rollback == "blocked",
        )


class Hold(Document):
    """A hold: the model's deployment stays as it is until the hold is removed."""

    model: Name = Field(description="Name of the model.")
    reason: Reason

    def value(self) -> policy.Hold:
        """Return the control as a core value."""
        return policy.Hold(model=self.model, reason=self.reason)


class Rejected(Document):
    """An artifact that is never deployed in this environment, not even as a rollback."""

    artifact: DigestText = Field(description="Full digest of the artifact.")
    reason: Reason

    def value(self) -> policy.Rejected:
        """Return the control as a core value."""
        return policy.Rejected(artifact=Digest(self.artifact), reason=self.reason)


class PredictPolicy(Document):
    """What the records to predict must be like, so that the model knows them."""

    unknown_at_most: UnknownShare = Field(
        description="Largest share of records with a value that the model does not know, such as 5%: a category never "
        "trained, a number outside the trained range, or none where training had one in every row. With more, "
        "`predict` is refused, and the file that was there stays."
    )

    def value(self) -> float:
        """Return the share as a fraction."""
        return round(float(self.unknown_at_most.rstrip("%")) / 100, 6)


class Retirement(Document):
    """The consent to retire a model that git no longer declares; it goes with the removal of its manifest."""

    model: Name = Field(description="Name of the model.")
    reason: Reason

    def value(self) -> policy.Retirement:
        """Return the control as a core value."""
        return policy.Retirement(model=self.model, reason=self.reason)


class Override(Document):
    """An override: one control does not apply to one artifact of one model. `reconciler override` writes it."""

    model: Name = Field(description="Name of the model.")
    artifact: DigestText = Field(description="Artifact of the model; another pin is not affected.")
    control: Literal["freeze", "approvals", "hold", "gates"] = Field(
        description="Control that does not apply. gates: a gate weakened by the change; a failed gate still blocks."
    )
    reason: Reason

    def value(self) -> policy.Override:
        """Return the control as a core value."""
        return policy.Override(
            model=self.model,
            artifact=Digest(self.artifact),
            control=policy.Control(self.control),
            reason=self.reason,
        )


class Controls(Document):
    """The controls of an environment's policy."""

    approvals: Approvals | None = Field(default=None, description="Approvals that a pin needs before it is deployed.")
    owners: list[Person] = Field(
        default_factory=list,
        max_length=100,
        description="Policy owners, who approve weakened gates and overrides: people and teams, as in approvals.from.",
    )
    freeze: list[Freeze] = Field(
        default_factory=list,
        max_length=50,
        description="Time windows in which nothing new is deployed; restoring is still possible.",
    )
    holds: list[Hold] = Field(default_factory=list, description="Models that are neither deployed nor retired.")
    rejected: list[Rejected] = Field(
        default_factory=list, description="Artifacts that are never deployed in this environment."
    )
    overrides: list[Override] = Field(
        default_factory=list, description="Exceptions from controls, each with its reason."
    )
    retire: list[Retirement] = Field(
        default_factory=list,
        description="Models that are retired without confirmation once their manifests are removed, also the last one.",
    )

    @model_validator(mode="after")
    def _agree(self) -> Controls:
        no_duplicates([owner.casefold() for owner in self.owners], "owner")
        no_duplicates([hold.model for hold in self.holds], "hold of")
        no_duplicates([retirement.model for retirement in self.retire], "retirement of")
        no_duplicates([entry.artifact for entry in self.rejected], "rejected artifact")
        no_duplicates([f"{entry.control} of {entry.model}" for entry in self.overrides], "override")
        if len(self.freeze) > 1 and freeze_windows.never_opens([window.value() for window in self.freeze]):
            raise refuse(
                "E225", "the freeze windows together cover all time: nothing could ever be deployed", at="freeze"
            )
        rejected = {entry.artifact for entry in self.rejected}
        for override in self.overrides:
            if override.artifact in rejected:
                message = "an override names a rejected artifact: a rejection cannot be overridden"
                raise refuse("E225", message, at="overrides")
            if override.control in ("approvals", "gates") and not self.owners:
                message = f"an override of {override.control} needs approval by policy owners: declare `owners` first"
                raise refuse("E225", message, at="overrides")
        return self
