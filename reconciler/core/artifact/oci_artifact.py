"""The artifact: an OCI image manifest in the CNCF ModelPack form; its digest is the manifest's digest.

Formats: OCI image-spec v1.1 (manifest), CNCF ModelPack model-spec (media types, `org.cncf.model.filepath`).
An artifact holds only functions of its fingerprint: no name, owner, gate, commit, time, path or host.
"""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.core.artifact.data_snapshot import MaskedColumn
from reconciler.core.digest import Digest

MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"
ARTIFACT_TYPE = "application/vnd.cncf.model.manifest.v1+json"
CONFIG_TYPE = "application/vnd.cncf.model.config.v1+json"
WEIGHT_TYPE = "application/vnd.cncf.model.weight.v1.raw"
WEIGHT_CONFIG_TYPE = "application/vnd.cncf.model.weight.config.v1.raw"
DOC_TYPE = "application/vnd.cncf.model.doc.v1.raw"
FILEPATH = "org.cncf.model.filepath"

MODEL_FILE = "model.skops"
LIGHTGBM_FILE = "model.lightgbm.txt"
XGBOOST_FILE = "model.xgboost.ubj"
RECIPE_FILE = "recipe.json"
SCHEMA_FILE = "schema.json"
PROBE_FILE = "probe.json"
EVALUATION_FILE = "evaluation.json"
REFERENCE_FILE = "reference.json"
DECISION_FILE = "decision.json"

MEDIA_TYPES = {
    MODEL_FILE: WEIGHT_TYPE,
    RECIPE_FILE: WEIGHT_CONFIG_TYPE,
    SCHEMA_FILE: WEIGHT_CONFIG_TYPE,
    PROBE_FILE: WEIGHT_CONFIG_TYPE,
    EVALUATION_FILE: DOC_TYPE,
    REFERENCE_FILE: WEIGHT_CONFIG_TYPE,
    DECISION_FILE: WEIGHT_CONFIG_TYPE,
}
MODEL_FILES = {MODEL_FILE: "skops", LIGHTGBM_FILE: "lightgbm", XGBOOST_FILE: "xgboost"}
"""The names of a model's file, of which an artifact has one, with the format of each. `MEDIA_TYPES` has only the first,
which stands for all."""
LATER_FILES = frozenset({REFERENCE_FILE, DECISION_FILE})
"""Files that artifacts of an earlier version lack; the second one is only of recipes that calibrate or decide. An
earlier version takes an artifact with a file that it does not know for none of its own, and refuses it."""


def media_type_of(path: str) -> str:
    """Return the media type of an artifact's file; KeyError for a name that none has."""
    return MEDIA_TYPES[MODEL_FILE if path in MODEL_FILES else path]


@dataclass(frozen=True, slots=True, kw_only=True)
class ArtifactFile:
    """One file of an artifact: `path` is its name in the package, its bytes are the blob `digest`; `size` in bytes."""

    path: str
    media_type: str
    digest: Digest
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Artifact:
    """A model package. `digest` is that of the manifest's bytes; `config` and `files` are the blobs that it names."""

    digest: Digest
    config: ArtifactFile
    files: tuple[ArtifactFile, ...]

    def file(self, path: str) -> ArtifactFile:
        """Return the file of this name in the package; KeyError where there is none."""
        for file in self.files:
            if file.path == path:
                return file
        raise KeyError(path)


class ColumnType:
    """The types of a model's inputs."""

    NUMERIC = "numeric"
    CATEGORICAL = "categorical"
    BOOLEAN = "boolean"
    TEXT = "text"
    TARGET_ENCODED = "target_encoded"
    NUMBERS = frozenset({NUMERIC, TEXT, TARGET_ENCODED})
    """Types whose columns hold numbers that are more or less."""


TableMasksDone = tuple[tuple[str, tuple[MaskedColumn, ...]], ...]
"""What was done to the columns of each table, by its name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemaColumn:
    """One input of the model. `categories`: the known ones in code order (categorical, and the first column of what is
    encoded by its outcomes); rare and unseen values share one bucket, a missing value stays missing. `source`: the
    feature that a column is one of several of; None where the column is the feature. `bucket`, of so many `buckets`,
    `idf`: the words of a text that a column counts, and how much they weigh. `encoding`: what happened to each
    category, to a missing value, and to all rows."""

    name: str
    type: str
    categories: tuple[str, ...] = ()
    source: str | None = None
    bucket: int | None = None
    buckets: int | None = None
    idf: float | None = None
    encoding: tuple[float, ...] | None = None

    @property
    def feature(self) -> str:
        """Return the name of the feature that the column belongs to."""
        return self.source or self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Schema:
    """The inputs and outputs of a model. `classes` in declared order; empty for regression. `tables`: the column types
    of the snapshot that it was trained on, by table; prediction reads its tables with the same types. `masks`: by table
    what was done to the columns that it reads before it was trained, which prediction repeats; None: nothing."""

    task: str
    columns: tuple[SchemaColumn, ...]
    classes: tuple[str, ...]
    key: str
    tables: tuple[tuple[str, tuple[tuple[str, str], ...]], ...]
    format: int = 1
    masks: TableMasksDone | None = None

    def features(self) -> tuple[tuple[str, tuple[int, ...]], ...]:
        """Return each feature with the places of its columns, in their order."""
        places: dict[str, list[int]] = {}
        for place, column in enumerate(self.columns):
            places.setdefault(column.feature, []).append(place)
        return tuple((name, tuple(each)) for name, each in places.items())
