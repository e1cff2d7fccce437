"""Load a model: check the archive and its types, let skops construct exactly the allowed ones, check what they hold."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

from reconciler import codec
from reconciler.core.artifact.oci_artifact import (
    LIGHTGBM_FILE,
    MODEL_FILE,
    MODEL_FILES,
    PROBE_FILE,
    SCHEMA_FILE,
    XGBOOST_FILE,
    Schema,
)
from reconciler.errors import ScoringError
from reconciler.model_file import file_sizes, safe_archive
from reconciler.model_file.allowed_types import ALLOWED
from reconciler.model_file.boosters import lightgbm_file, xgboost_file
from reconciler.model_file.encoding.check_columns import check_columns
from reconciler.model_file.loaded_model import LoadedModel
from reconciler.model_file.outputs.read_rules import read_rules
from reconciler.model_file.probe_rows import ProbeRows, check_probe
from reconciler.model_file.quality.check_reference import read_reference
from reconciler.model_file.structure.registry import check_structure


def load(folder: Path) -> LoadedModel:
    """Load the model in `folder` and check that it still gives the outputs recorded in its probe rows.

    `folder` holds an artifact's files; the caller has checked their digests.
    Raises ScoringError E506 (a type that is not allowed), E507 (not a valid model file), E511 (other libraries)
    or E610 (a library is not installed).
    """
    schema = codec.decode(Schema, file_sizes.read_document(folder / SCHEMA_FILE), what=SCHEMA_FILE)
    check_columns(schema)
    probe = codec.decode(ProbeRows, file_sizes.read_document(folder / PROBE_FILE), what=PROBE_FILE)
    reference = read_reference(folder, schema)
    estimator = _loaded(folder, schema)
    rules = read_rules(folder, schema, estimator)
    model = LoadedModel(estimator=estimator, schema=schema, reference=reference, rules=rules)
    try:
        check_probe(model, probe)
    except ScoringError:
        raise
    except Exception as error:  # an estimator with an unexpected attribute can raise anything
        raise _unloadable(error) from error
    return model


BOOSTERS = {LIGHTGBM_FILE: lightgbm_file.load, XGBOOST_FILE: xgboost_file.load}


def _loaded(folder: Path, schema: Schema) -> Any:
    """Return what predicts from the one model file of a folder."""
    name = next((name for name in MODEL_FILES if (folder / name).exists()), MODEL_FILE)
    body = file_sizes.read_model(folder / name)
    if name == MODEL_FILE:
        return estimator_of(body, schema)
    return booster_of(name, body, schema)


def booster_of(name: str, body: bytes, schema: Schema) -> Any:
    """Return what predicts from a file of LightGBM or XGBoost, once it has passed every check. `name`: the file's.

    Raises ScoringError E507 (not a valid model file), E511 (other libraries)
    or E610 (a library is not installed).
    """
    try:
        return BOOSTERS[name](body, schema)
    except ScoringError:
        raise
    except Exception as error:  # the library refuses what another version of it wrote
        raise _unloadable(error) from error


def estimator_of(body: bytes, schema: Schema) -> Any:
    """Construct the estimator in a model file, once the archive has passed every check, and check what it holds.

    `schema`: what the model predicts from and into.
    Raises ScoringError E506 (a type that is not allowed), E507 (not a valid model file) or E511 (other libraries).
    """
    named = safe_archive.check(body)
    import skops.io

    try:
        with warnings.catch_warnings():
            # Warnings about versions: the probe rows decide whether the libraries are close enough.
            warnings.simplefilter("ignore")
            # skops lists all that is trusted anew for every node: what the file does not name is left out.
            estimator = skops.io.loads(body, trusted=sorted(ALLOWED & named))
        check_structure(estimator, schema)
    except ScoringError:
        raise
    except Exception as error:  # skops and the checks raise many types on what is no model of ours
        raise _unloadable(error) from error
    return estimator


def _unloadable(error: Exception) -> ScoringError:
    return ScoringError(
        f"the model cannot be loaded with the libraries installed here ({type(error).__name__})",
        code="E511",
        hint="install the runtime that the model's environment declared when the model was trained",
    )
