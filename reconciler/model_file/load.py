"""Load a model: file checked, types checked, then constructed by skops with exactly our list."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

from reconciler import codec
from reconciler.core.artifact.oci_artifact import MODEL_FILE, PROBE_FILE, SCHEMA_FILE, Schema
from reconciler.errors import ScoringError
from reconciler.model_file import safe_archive
from reconciler.model_file.allowed_types import ALLOWED
from reconciler.model_file.loaded_model import LoadedModel
from reconciler.model_file.probe_rows import ProbeRows, check_probe


def load(folder: Path) -> LoadedModel:
    """The model in `folder` (an artifact's files, digests checked by the caller), held against its probe rows."""
    schema = codec.decode(Schema, (folder / SCHEMA_FILE).read_bytes(), what=SCHEMA_FILE)
    probe = codec.decode(ProbeRows, (folder / PROBE_FILE).read_bytes(), what=PROBE_FILE)
    model = LoadedModel(estimator=estimator_of((folder / MODEL_FILE).read_bytes()), schema=schema)
    try:
        check_probe(model, probe)
    except ScoringError:
        raise
    except Exception as error:  # an estimator with a part missing or turned breaks in its own ways
        raise _unloadable(error) from error
    return model


def estimator_of(body: bytes) -> Any:
    safe_archive.check(body)
    import skops.io

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about versions: the probe rows decide
            return skops.io.loads(body, trusted=sorted(ALLOWED))
    except Exception as error:
        raise _unloadable(error) from error


def _unloadable(error: Exception) -> ScoringError:
    return ScoringError(
        f"the model cannot be loaded with the libraries here ({type(error).__name__})",
        code="E511",
        hint="use the runtime that its environment declared when it was made",
    )
