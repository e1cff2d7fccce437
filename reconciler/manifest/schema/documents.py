"""The Project and Environment documents, and which document is of which kind."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from reconciler.manifest.schema.field_types import (
    ColumnName,
    Date,
    Document,
    Duration,
    Memory,
    Metadata,
    Name,
    ProjectPath,
    refuse,
)
from reconciler.manifest.schema.gates import Gate
from reconciler.manifest.schema.locations import StoreSpec, TargetSpec
from reconciler.manifest.schema.model import Model
from reconciler.manifest.schema.policy import Controls

TYPES = ("BIGINT", "BOOLEAN", "DATE", "DOUBLE", "TIMESTAMP", "VARCHAR")
_DECIMAL = re.compile(r"DECIMAL\([1-9][0-9]?, ?[0-9]{1,2}\)")


class ProjectSpec(Document):
    requires: str | None = Field(default=None, description="Which versions of this tool may be used, such as >=0.1.")

    @field_validator("requires")
    @classmethod
    def _version(cls, text: str | None) -> str | None:
        if text is not None and re.fullmatch(r">=[0-9]{1,4}(\.[0-9]{1,4}){0,2}", text) is None:
            raise refuse("E205", "write it as >=0.1")
        return text


class Project(Document):
    """reconciler.yaml, at the project's root."""

    api_version: Literal["reconciler/v1"] = Field(description="The version of this form of manifests.")
    kind: Literal["Project"] = Field(description="Which document this is.")
    metadata: Metadata = Field(description="Its name, and who answers for it.")
    spec: ProjectSpec = Field(default=ProjectSpec(), description="What holds for the whole project.")


class Table(Document):
    """Where a table is read from, and how its text is meant."""

    uses: Literal["csv", "parquet"] = Field(description="How the file is written.")
    path: ProjectPath = Field(description="Below the data root, which the operator names (the project by default).")
    types: dict[ColumnName, str] = Field(default_factory=dict, description="column: DuckDB type.")
    dates: str | None = Field(default=None, max_length=40, description="Text dates, such as %m/%d/%Y.")
    time_zone: str | None = Field(
        default=None,
        max_length=60,
        description="Where the clock of times without a zone hangs, such as Europe/Vienna; they become UTC.",
    )
    delimiter: str | None = Field(
        default=None, min_length=1, max_length=1, description="The sign between cells of a CSV, if not a comma."
    )
    decimal: Literal[".", ","] | None = Field(
        default=None, description="The sign before the fraction of a number, if not a point."
    )
    encoding: Literal["utf-8", "latin-1", "cp1252", "utf-16"] | None = Field(
        default=None, description="How the characters of a CSV are written, if not as UTF-8."
    )
    nulls: list[str] = Field(default_factory=lambda: [""], description="Texts that mean: missing.")
    columns: dict[ColumnName, Annotated[str, Field(max_length=200)]] = Field(
        default_factory=dict, description="name here: the column's name in the file, where that is no name."
    )
    row_number: ColumnName | None = Field(
        default=None, description="A column to add: 1, 2, ... in the file's order. For tables without a key."
    )

    @field_validator("types")
    @classmethod
    def _listed(cls, types: dict[str, str]) -> dict[str, str]:
        for column, kind in types.items():
            if kind not in TYPES and _DECIMAL.fullmatch(kind) is None:
                raise refuse("E205", f"{column}: not a type; there are {', '.join(TYPES)} and DECIMAL(p, s)")
        return types

    @field_validator("columns")
    @classmethod
    def _once(cls, columns: dict[str, str]) -> dict[str, str]:
        for name, written in columns.items():
            if list(columns.values()).count(written) > 1:
                raise refuse("E205", f"{name}: a column of the file is named twice")
        return columns

    @model_validator(mode="after")
    def _parquet_has_types(self) -> Table:
        text_only = (self.dates, self.delimiter, self.decimal, self.encoding, self.time_zone)
        if self.uses == "parquet" and any(value is not None for value in text_only):
            raise refuse("E205", "dates, delimiter, decimal, encoding and timeZone are for csv: parquet has types")
        return self


class DataBinding(Document):
    """The tables themselves, or the environment whose tables are copied."""

    tables: dict[Name, Table] = Field(
        default_factory=dict, description="The tables themselves, by name. Either this or copyFrom."
    )
    copy_from: Name | None = Field(
        default=None, description="The environment whose tables are copied: a sandbox works on a snapshot of them."
    )
    max_age: Duration | None = Field(default=None, description="Older snapshots are refreshed.")
    as_of: Date | None = Field(default=None, description="The tables are the books of that day.")

    @model_validator(mode="after")
    def _one_form(self) -> DataBinding:
        if bool(self.tables) == (self.copy_from is not None):
            raise refuse("E204", "say either tables or copyFrom")
        if self.as_of is not None and not self.tables:
            raise refuse("E205", "asOf belongs where the tables are")
        return self


class Runtime(Document):
    """What models are made with; its versions are part of every fingerprint."""

    lock: ProjectPath = Field(description="A lock file with name==version pins.")
    python: str = Field(pattern=r"^3\.[0-9]{1,2}$", description="The Python version, such as 3.11.")
    architecture: Literal["x86_64", "aarch64", "arm64"] = Field(
        description="The kind of processor that models are made on."
    )


class Policy(Controls):
    """Owned by the environment: a model's author cannot weaken it in the model's file."""

    gates: list[Gate] = Field(
        default_factory=list,
        description="Checks that every candidate for this environment must pass, beside those of its model.",
    )
    max_data_age: Duration | None = Field(
        default=None, description="An artifact trained on older data is not deployed."
    )
    prune: Literal["never", "confirm", "auto"] = Field(
        default="confirm",
        description="Whether models that are deployed and no longer declared are retired.",
    )
    max_retire: int = Field(default=1, ge=0, le=10_000, description="At most so many models are retired by one apply.")


class Protect(Document):
    branch: str = Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_./-]{0,99}$", description="Its name, such as main.")


class LimitsSpec(Document):
    """Caps of one worker process, and of one apply."""

    time: Duration = Field(default="1h", description="The longest that one worker process may take.")
    memory: Memory = Field(default="8GiB", description="The most memory that one worker process may use.")
    max_train: int | None = Field(
        default=None,
        ge=1,
        le=10_000,
        description="At most so many models are trained by one apply: the others wait for the next. Without it, all.",
    )


class EnvironmentSpec(Document):
    role: Literal["sandbox", "test", "staging", "production"] = Field(
        description="A sandbox trains; every other one only promotes."
    )
    promotes_from: list[Name] = Field(
        default_factory=list, description="The environments whose artifacts may come here. Needed where nothing trains."
    )
    data: DataBinding = Field(description="The tables that models are made from, or used on.")
    runtime: Runtime | None = Field(default=None, description="What models are made with. For a sandbox only.")
    store: StoreSpec | None = Field(
        default=None, description="Where artifacts and journals are kept; .reconciler/<name> if not said."
    )
    target: TargetSpec | None = Field(
        default=None, description="Where models are used from. Needed where they are deployed."
    )
    policy: Policy = Field(
        default=Policy(), description="What the environment demands: a model cannot weaken it in its own file."
    )
    protect: Protect | None = Field(
        default=None,
        description="Only commits of this branch change the environment, and never an older one after a newer one.",
    )
    drift: Literal["correct", "report"] = Field(
        default="correct", description="What was changed by hand is put back, or only told."
    )
    limits: LimitsSpec = Field(
        default=LimitsSpec(),
        description="Caps of training and of every other worker process; how much one apply trains.",
    )

    @model_validator(mode="after")
    def _role(self) -> EnvironmentSpec:
        if self.role == "sandbox":
            if self.runtime is None:
                raise refuse("E204", "a sandbox trains, so it needs `runtime`")
            if self.promotes_from:
                raise refuse("E205", "a sandbox trains; it promotes from nowhere")
            if self.target is not None:
                raise refuse("E205", "a sandbox deploys nothing, so it has no target")
            if used := [name for name in Controls.model_fields if getattr(self.policy, name)]:
                raise refuse("E205", f"a sandbox deploys nothing, so it has no {used[0]}", at="policy")
        else:
            if self.runtime is not None:
                raise refuse("E209", "this environment never trains, so it has no runtime")
            if not self.promotes_from:
                raise refuse("E204", "it only promotes: say from where in `promotesFrom`")
            if self.target is None:
                raise refuse("E204", "it deploys models, so it needs a `target`")
            if self.protect is None and (self.policy.approvals or self.policy.owners):
                message = "approvals are those of the request that brought a commit: it needs `protect.branch`"
                raise refuse("E225", message, at="policy")
        return self


class Environment(Document):
    """environments/<name>.yaml."""

    api_version: Literal["reconciler/v1"] = Field(description="The version of this form of manifests.")
    kind: Literal["Environment"] = Field(description="Which document this is.")
    metadata: Metadata = Field(description="Its name, which is that of the file, and who answers for it.")
    spec: EnvironmentSpec = Field(description="What the environment is.")


KINDS: dict[str, type[Project | Environment | Model]] = {
    "Project": Project,
    "Environment": Environment,
    "Model": Model,
}
