"""Controls of an environment as its file writes them. What can never let anything through is refused."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from reconciler.core.digest import Digest
from reconciler.core.duration import parse_duration
from reconciler.core.spec import policy
from reconciler.manifest.schema.field_types import DigestText, Document, Duration, Name, no_duplicates, refuse
from reconciler.schedule import freeze_windows

Reason = Annotated[str, Field(min_length=1, max_length=300, description="Why: it stands in every refusal.")]


def _person(text: str) -> str:
    name = policy.team_of(text)
    if not 1 <= len(name) <= 200 or not all(one.isalnum() or one in "-_./[]" for one in name):
        raise refuse("E206", "not a person or team of a forge: ada, org/team, team:finance")
    return text


Person = Annotated[str, AfterValidator(_person)]


class Approvals(Document):
    """Who approves the request that brings a pin, asked of the forge when it is applied."""

    min: int = Field(default=1, ge=1, le=20, description="So many of them, at least.")
    from_: list[Person] = Field(
        min_length=1,
        max_length=100,
        description="People by their names at the forge, and teams: org/team, group/subgroup, or team:NAME.",
    )
    not_author: bool = Field(default=True, description="Whoever opened the request does not count.")

    @model_validator(mode="after")
    def _reachable(self) -> Approvals:
        no_duplicates([one.casefold() for one in self.from_], "approver")
        if not any(map(policy.is_team, self.from_)) and self.min > len(self.from_):
            raise refuse("E225", f"wants {self.min} approvals of {len(self.from_)}: it lets nothing through", at="min")
        return self

    def value(self) -> policy.Approvals:
        return policy.Approvals(least=self.min, people=tuple(self.from_), not_author=self.not_author)


class Freeze(Document):
    """A window in which nothing new is deployed."""

    cron: str = Field(max_length=100, description="When it begins: minute hour day month weekday, as cron has it.")
    duration: Duration = Field(description="How long it lasts, in real time: 24h is 24 hours on every night.")
    time_zone: str = Field(max_length=60, description="On whose clock, such as Europe/Vienna or UTC.")
    reason: Reason
    rollback: Literal["allowed", "blocked"] = Field(
        default="allowed", description="Whether what was deployed here before may come back meanwhile."
    )

    @model_validator(mode="after")
    def _comes_true(self) -> Freeze:
        if (problem := freeze_windows.problem_of(self.cron)) is not None:
            raise refuse("E205", f"not a cron expression: {problem}", at="cron")
        if not freeze_windows.is_zone(self.time_zone):
            raise refuse("E205", "not a time zone of this machine: write it as Europe/Vienna", at="timeZone")
        if freeze_windows.never_opens((self.value(),)):
            raise refuse("E225", "begins again before it ends: nothing could ever be deployed", at="duration")
        return self

    def value(self) -> policy.Freeze:
        return policy.Freeze(
            cron=self.cron,
            duration=parse_duration(self.duration),
            time_zone=self.time_zone,
            reason=self.reason,
            blocks_rollback=self.rollback == "blocked",
        )


class Hold(Document):
    """What a model serves stays as it is, until this is taken away."""

    model: Name = Field(description="Which model.")
    reason: Reason

    def value(self) -> policy.Hold:
        return policy.Hold(model=self.model, reason=self.reason)


class Rejected(Document):
    """An artifact that is never deployed here, not even where it was before."""

    artifact: DigestText = Field(description="The full digest.")
    reason: Reason

    def value(self) -> policy.Rejected:
        return policy.Rejected(artifact=Digest(self.artifact), reason=self.reason)


class Override(Document):
    """One control does not stand against one artifact of one model. `reconciler override` writes it."""

    model: Name = Field(description="Which model.")
    artifact: DigestText = Field(description="Its artifact: with another pin, this means nothing any more.")
    control: Literal["freeze", "approvals", "hold", "gates"] = Field(
        description="Which control. gates: that the change of the pin weakened one; a gate that refused stays refused."
    )
    reason: Reason

    def value(self) -> policy.Override:
        return policy.Override(
            model=self.model,
            artifact=Digest(self.artifact),
            control=policy.Control(self.control),
            reason=self.reason,
        )


class Controls(Document):
    """The controls among an environment's policy."""

    approvals: Approvals | None = Field(default=None, description="Whose approval a pin needs before it is deployed.")
    owners: list[Person] = Field(
        default_factory=list,
        max_length=100,
        description="Who may let a weakened gate, or an override, count: people and teams, as in approvals.from.",
    )
    freeze: list[Freeze] = Field(
        default_factory=list, max_length=50, description="Windows in which nothing new is deployed; restoring goes on."
    )
    holds: list[Hold] = Field(default_factory=list, description="Models of which nothing is deployed or retired.")
    rejected: list[Rejected] = Field(default_factory=list, description="Artifacts that are never deployed here.")
    overrides: list[Override] = Field(
        default_factory=list, description="What is let through all the same, each with its reason."
    )

    @model_validator(mode="after")
    def _agree(self) -> Controls:
        no_duplicates([one.casefold() for one in self.owners], "owner")
        no_duplicates([one.model for one in self.holds], "hold of")
        no_duplicates([one.artifact for one in self.rejected], "rejected artifact")
        no_duplicates([f"{one.control} of {one.model}" for one in self.overrides], "override")
        if len(self.freeze) > 1 and freeze_windows.never_opens([one.value() for one in self.freeze]):
            raise refuse("E225", "the windows together leave nothing open: nothing could ever be deployed", at="freeze")
        rejected = {one.artifact for one in self.rejected}
        for one in self.overrides:
            if one.artifact in rejected:
                message = "an artifact is rejected and let through: nothing overrides a rejection"
                raise refuse("E225", message, at="overrides")
            if one.control in ("approvals", "gates") and not self.owners:
                message = f"an override of {one.control} is the owners' to give, and there are no `owners`"
                raise refuse("E225", message, at="overrides")
        return self
