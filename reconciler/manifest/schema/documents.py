"""Define the Project and Environment documents, and list the kinds of documents."""

from __future__ import annotations

import re
from typing import Literal

from pydantic import Field, field_validator, model_validator

from reconciler.core.spec.notify import NoticeChannel, NoticeEvent
from reconciler.manifest.schema.data import DataBinding
from reconciler.manifest.schema.experiment.experiment_document import Experiment
from reconciler.manifest.schema.field_types import (
    CheckId,
    Document,
    Duration,
    Memory,
    Metadata,
    Name,
    ProjectPath,
    SecretReference,
    refuse,
)
from reconciler.manifest.schema.gates import Gate
from reconciler.manifest.schema.locations import ComputeSpec, StoreSpec, TargetSpec
from reconciler.manifest.schema.model import Model
from reconciler.manifest.schema.policy import Controls, PredictPolicy
from reconciler.manifest.schema.tables import PredictionTable
from reconciler.manifest.schema.trust import TrustSpec


class ProjectSpec(Document):
    requires: str | None = Field(default=None, description="Oldest allowed version of reconciler, such as >=0.1.")

    @field_validator("requires")
    @classmethod
    def _version(cls, text: str | None) -> str | None:
        if text is not None and re.fullmatch(r">=[0-9]{1,4}(\.[0-9]{1,4}){0,2}", text) is None:
            raise refuse("E205", "expected a lowest version, such as >=0.1")
        return text


class Project(Document):
    """reconciler.yaml, at the project's root."""

    api_version: Literal["reconciler/v1"] = Field(description="Version of the manifest format.")
    kind: Literal["Project"] = Field(description="Kind of document.")
    metadata: Metadata = Field(description="Name and owner of the project.")
    spec: ProjectSpec = Field(default=ProjectSpec(), description="Settings of the whole project.")


class Runtime(Document):
    """Libraries that models are trained with; their versions are part of every fingerprint."""

    lock: ProjectPath = Field(description="Lock file with name==version pins.")
    python: str = Field(pattern=r"^3\.[0-9]{1,2}$", description="Python version, such as 3.11.")
    architecture: Literal["x86_64", "aarch64", "arm64"] = Field(
        description="Processor architecture that models are trained on."
    )


class Policy(Controls):
    """Rules of the environment: a model's author cannot weaken them in the model's file."""

    gates: list[Gate] = Field(
        default_factory=list,
        description="Gates that every candidate for this environment must pass, in addition to those of its model.",
    )
    checks: list[CheckId] = Field(
        default_factory=list,
        description="Checks before a training whose errors a model may switch off, such as [leak-suspect].",
    )
    max_data_age: Duration | None = Field(
        default=None, description="Maximum age of the training data of a deployed artifact."
    )
    predict: PredictPolicy | None = Field(default=None, description="What the records to predict must be like.")
    prune: Literal["never", "confirm", "auto"] = Field(
        default="confirm",
        description="Whether deployed models that are no longer declared are retired.",
    )
    max_retire: int = Field(default=1, ge=0, le=10_000, description="Maximum number of models that one apply retires.")


class Protect(Document):
    """Protection of an environment by a branch."""

    branch: str = Field(
        pattern=r"^[A-Za-z0-9_][A-Za-z0-9_./-]{0,99}$",
        description="Branch whose commits may change the environment, such as main.",
    )


class LimitsSpec(Document):
    """Limits of one worker process and of one apply."""

    time: Duration = Field(default="1h", description="Maximum time of one worker process.")
    memory: Memory = Field(default="8GiB", description="Maximum memory of one worker process.")
    max_train: int | None = Field(
        default=None,
        ge=1,
        le=10_000,
        description="Maximum number of models that one apply trains; others wait for the next one. Default: no limit.",
    )


class NotifySpec(Document):
    """A channel that people are told through."""

    to: SecretReference = Field(
        description="Where the channel's address is: env:NAME or file:PATH, never the address, which is a secret. "
        "The address is one of apprise, such as slack://, mailto:// or json://."
    )
    on: list[Literal["refused", "drifted", "degraded", "promoted", "rolled-back"]] | None = Field(
        default=None, min_length=1, description="What it is told; default: everything."
    )

    def value(self) -> NoticeChannel:
        """Return the channel as a core value."""
        events = {NoticeEvent(name) for name in self.on} if self.on is not None else set(NoticeEvent)
        return NoticeChannel(to=self.to, on=tuple(sorted(events)))


class EnvironmentSpec(Document):
    role: Literal["sandbox", "test", "staging", "production"] = Field(
        description="Role of the environment: a sandbox trains models, every other role only promotes them."
    )
    promotes_from: list[Name] = Field(
        default_factory=list,
        description="Environments to promote from. Required unless the role is sandbox, or the environment is managed.",
    )
    data: DataBinding = Field(description="Tables for training or prediction.")
    runtime: Runtime | None = Field(
        default=None, description="Libraries that models are trained with. For a sandbox only."
    )
    compute: ComputeSpec | None = Field(
        default=None,
        description="Where models are trained; default: the machine that applies. For a sandbox only.",
    )
    store: StoreSpec | None = Field(
        default=None, description="Storage of artifacts and journals; default: .reconciler/<name>."
    )
    target: TargetSpec | None = Field(
        default=None, description="Storage that deployed models are served from. Required unless the role is sandbox."
    )
    policy: Policy = Field(
        default=Policy(), description="Rules of the environment: a model cannot weaken them in its own file."
    )
    protect: Protect | None = Field(
        default=None,
        description="Branch protection: only its commits change the environment, never an older one after a newer one.",
    )
    predictions: dict[Name, PredictionTable] = Field(
        default_factory=dict,
        description="Tables of databases that `reconciler predict --to-table NAME` writes predictions into, by name.",
    )
    managed: bool = Field(
        default=False,
        description="Whether only imported or promoted artifacts are deployed here, unchanged: nothing that somebody "
        "changes here by hand is kept. Packages are imported by `reconciler import`.",
    )
    drift: Literal["correct", "report"] = Field(
        default="correct", description="Whether manual changes of the target are corrected or only reported."
    )
    limits: LimitsSpec = Field(
        default=LimitsSpec(),
        description="Limits of worker processes and of one apply.",
    )
    trust: TrustSpec | None = Field(
        default=None, description="Signatures that the environment asks for; nothing is checked without it."
    )
    notify: list[NotifySpec] = Field(
        default_factory=list, max_length=20, description="Channels that people are told through, each event once."
    )

    @model_validator(mode="after")
    def _role(self) -> EnvironmentSpec:
        if self.role == "sandbox":
            if self.runtime is None:
                raise refuse("E204", "a sandbox trains models, so it needs `runtime`")
            if self.promotes_from:
                raise refuse("E205", "a sandbox trains its own models, so it has no `promotesFrom`")
            if self.target is not None:
                raise refuse("E205", "a sandbox deploys nothing, so it has no `target`")
            if self.managed:
                raise refuse("E205", "a sandbox trains models, so it is not `managed`", at="managed")
            if self.trust is not None:
                message = "a sandbox deploys nothing, so it has no `trust`: it stands where its artifacts are deployed"
                raise refuse("E205", message, at="trust")
            if used := [name for name in Controls.model_fields if getattr(self.policy, name)]:
                raise refuse("E205", f"a sandbox deploys nothing, so it has no `{used[0]}`", at="policy")
        else:
            if self.runtime is not None:
                raise refuse("E209", "only a sandbox trains, so this environment has no `runtime`")
            if not self.promotes_from and not self.managed:
                raise refuse("E204", "this environment only promotes, so it needs `promotesFrom`, or `managed: true`")
            if self.managed and self.drift == "report":
                raise refuse("E225", "what is changed by hand in a managed environment is put back", at="drift")
            if self.compute is not None:
                raise refuse("E209", "only a sandbox trains, so this environment has no `compute`", at="compute")
            if self.target is None:
                raise refuse("E204", "this environment deploys models, so it needs `target`")
            if self.protect is None and (self.policy.approvals or self.policy.owners):
                message = "approvals are read from the pull request of a commit, so they need `protect.branch`"
                raise refuse("E225", message, at="policy")
        return self


class Environment(Document):
    """environments/<name>.yaml."""

    api_version: Literal["reconciler/v1"] = Field(description="Version of the manifest format.")
    kind: Literal["Environment"] = Field(description="Kind of document.")
    metadata: Metadata = Field(description="Name, equal to the file's, and owner.")
    spec: EnvironmentSpec = Field(description="Settings of the environment.")


AnyDocument = Project | Environment | Model | Experiment
KINDS: dict[str, type[AnyDocument]] = {
    "Project": Project,
    "Environment": Environment,
    "Model": Model,
    "Experiment": Experiment,
}
