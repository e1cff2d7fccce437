"""List the parameters of LightGBM's and XGBoost's estimators, each with the forms that the library itself accepts.

A library is asked: each parameter is given a text, a fraction, a number far below and one far above what is usual, and
what it answers tells the type and the bounds. `training.estimator_catalog` writes what comes of it into the committed
table. Every other parameter that a library knows is in `LEFT_OUT`, with the reason that an author is told.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

Form = dict[str, Any]
Ask = Callable[[str, Any], str]

CLASSES: dict[str, tuple[str, str]] = {
    "LGBMClassifier": ("lightgbm", "classification"),
    "LGBMRegressor": ("lightgbm", "regression"),
    "XGBClassifier": ("xgboost", "classification"),
    "XGBRegressor": ("xgboost", "regression"),
}
_SHARE = [{"type": "real", "min": 0.0, "max": 1.0, "minOpen": True, "maxOpen": True}]
_POSITIVE = [{"type": "real", "min": 0.0, "minOpen": True}]
_SWITCH = [{"type": "boolean"}]


def _one_of(*values: str) -> list[Form]:
    return [{"type": "choice", "values": sorted(values)}]


# What a library does not say by itself: None is asked of it.
_LIGHTGBM: dict[str, list[Form] | None] = {
    **dict.fromkeys(
        [
            *("n_estimators", "num_leaves", "max_depth", "learning_rate", "min_split_gain", "min_child_weight"),
            *("min_child_samples", "subsample", "subsample_freq", "colsample_bytree", "feature_fraction_bynode"),
            *("reg_alpha", "reg_lambda", "subsample_for_bin", "extra_trees", "path_smooth", "max_delta_step"),
            *("max_bin", "min_data_in_bin", "min_data_per_group", "max_cat_threshold", "cat_l2", "cat_smooth"),
            *("max_cat_to_onehot", "drop_rate", "max_drop", "skip_drop", "uniform_drop", "xgboost_dart_mode"),
            *("top_rate", "other_rate", "boost_from_average", "monotone_penalty"),
        ]
    ),
    "boosting_type": _one_of("gbdt", "dart"),
    "data_sample_strategy": _one_of("bagging", "goss"),
    # "advanced" ends the process (a segmentation fault in training) where a column is of categories.
    "monotone_constraints_method": _one_of("basic", "intermediate"),
}
_XGBOOST: dict[str, list[Form] | None] = dict.fromkeys(
    [
        *("n_estimators", "max_depth", "max_leaves", "max_bin", "grow_policy", "learning_rate", "gamma"),
        *("min_child_weight", "max_delta_step", "subsample", "colsample_bytree", "colsample_bylevel"),
        *("colsample_bynode", "reg_alpha", "reg_lambda", "num_parallel_tree", "max_cat_to_onehot"),
        "max_cat_threshold",
    ]
) | {"n_estimators": [{"type": "integer", "min": 1}]}
PARAMETERS: dict[str, dict[str, list[Form] | None]] = {
    "LGBMClassifier": {
        **_LIGHTGBM,
        "class_weight": [*_one_of("balanced"), {"type": "class weights"}, {"type": "none"}],
        "is_unbalance": None,
        "scale_pos_weight": None,
    },
    "LGBMRegressor": {
        **_LIGHTGBM,
        "objective": _one_of(
            *("regression", "regression_l1", "huber", "fair", "quantile", "mape", "poisson", "gamma", "tweedie")
        ),
        "alpha": None,
        "fair_c": None,
        "poisson_max_delta_step": None,
        "tweedie_variance_power": None,
        "reg_sqrt": None,
    },
    "XGBClassifier": {**_XGBOOST, "scale_pos_weight": _POSITIVE},
    "XGBRegressor": {
        **_XGBOOST,
        "objective": _one_of(
            *("reg:squarederror", "reg:squaredlogerror", "reg:absoluteerror", "reg:pseudohubererror"),
            *("reg:quantileerror", "reg:gamma", "reg:tweedie", "count:poisson"),
        ),
        "quantile_alpha": _SHARE,
        "huber_slope": _POSITIVE,
        "tweedie_variance_power": [{"type": "real", "min": 1.0, "max": 2.0, "minOpen": True, "maxOpen": True}],
    },
}
# Sizes that decide how long a fit takes, where a library has no bound of its own or a larger one.
CAPS = {
    "n_estimators": 10_000,
    "max_depth": 1_000,
    "num_leaves": 100_000,
    "max_leaves": 100_000,
    "max_bin": 65_535,
    "num_parallel_tree": 1_000,
}
_LARGEST = 2**31 - 1
_FLOORS = {
    "n_estimators": 1,
    "max_depth": -1,
    "max_bin": 2,
    "num_leaves": 2,
    "num_parallel_tree": 1,
    "max_cat_to_onehot": 1,
}

_FILES, _CODE = "it names a file to read or write", "its value is code"
_NETWORK, _DEVICE = "it trains on other machines", "it trains on another device, whose bytes differ"
_THREADS = "models are trained in parallel instead, and no byte depends on the number of threads"
_BYTES = "it is set so that the same rows give the same bytes"
_SEED, _FORM = "set `seed` of the recipe instead", "the checked form of a model file does not have it"
_CLASSES, _PRINTS = "the recipe's outcome decides it", "it only prints or measures"
_MONOTONIC = "write `monotonic: {FEATURE: increasing}` beside `class` instead"
_INTERACTIONS = "write `interactions: [[FEATURE, FEATURE]]` beside `class` instead"
_COLUMNS, _STOP = "the recipe's features decide it", "it would need rows to stop by, and only the holdout is kept apart"
_OLD, _RANKS = "it is of the library's own program or of older versions", "it is of ranking"
_TRIED = "it is not in the list of those that were tried for equal bytes"


def _because(reason: str, *names: str) -> dict[str, str]:
    return dict.fromkeys(names, reason)


LEFT_OUT: dict[str, dict[str, str]] = {
    "lightgbm": {
        **_because(_FILES, "data", "valid", "input_model", "output_model", "output_result", "convert_model"),
        **_because(
            _FILES,
            "forcedsplits_filename",
            "forcedbins_filename",
            "parser_config_file",
            "saved_feature_importance_type",
        ),
        **_because(_FILES, "snapshot_freq", "save_binary", "machine_list_filename", "initscore_filename", "config"),
        **_because(_CODE, "callbacks", "convert_model_language"),
        **_because(_NETWORK, "machines", "num_machines", "local_listen_port", "time_out", "tree_learner", "top_k"),
        **_because(_NETWORK, "pre_partition"),
        **_because(
            _DEVICE, "device_type", "device", "gpu_platform_id", "gpu_device_id", "gpu_device_id_list", "gpu_use_dp"
        ),
        **_because(_DEVICE, "num_gpu"),
        **_because(_THREADS, "n_jobs", "num_threads", "nthread", "nthreads"),
        **_because(_BYTES, "deterministic", "force_row_wise", "force_col_wise", "histogram_pool_size"),
        **_because(
            _BYTES, "use_quantized_grad", "num_grad_quant_bins", "quant_train_renew_leaf", "stochastic_rounding"
        ),
        **_because(_SEED, "random_state", "seed", "bagging_seed", "feature_fraction_seed", "extra_seed", "drop_seed"),
        **_because(_SEED, "data_random_seed", "objective_seed"),
        **_because(_FORM, "linear_tree", "linear_lambda", "zero_as_missing", "use_missing", "refit_decay_rate"),
        **_because(_CLASSES, "num_class", "sigmoid"),
        **_because(_PRINTS, "verbosity", "verbose", "metric", "metric_freq", "is_provide_training_metric"),
        **_because(_PRINTS, "multi_error_top_k", "auc_mu_weights", "eval_at", "importance_type"),
        **_because(_MONOTONIC, "monotone_constraints"),
        **_because(_INTERACTIONS, "interaction_constraints"),
        **_because(_COLUMNS, "categorical_feature", "ignore_column", "label_column", "weight_column", "group_column"),
        **_because(_COLUMNS, "header", "max_bin_by_feature", "feature_contri", "cegb_penalty_feature_lazy"),
        **_because(_COLUMNS, "cegb_penalty_feature_coupled"),
        **_because(
            _STOP, "early_stopping_round", "early_stopping_min_delta", "first_metric_only", "early_stopping_rounds"
        ),
        **_because(_OLD, "task", "two_round", "precise_float_parser", "is_enable_sparse", "start_iteration_predict"),
        **_because(_OLD, "num_iteration_predict", "predict_raw_score", "predict_leaf_index", "predict_contrib"),
        **_because(_OLD, "predict_disable_shape_check", "pred_early_stop", "pred_early_stop_freq"),
        **_because(_OLD, "pred_early_stop_margin"),
        **_because(_RANKS, "lambdarank_truncation_level", "lambdarank_norm", "label_gain", "bagging_by_query"),
        **_because(_RANKS, "lambdarank_position_bias_regularization"),
        **_because(_TRIED, "enable_bundle", "feature_pre_filter", "pos_bagging_fraction", "neg_bagging_fraction"),
        **_because(_TRIED, "cegb_tradeoff", "cegb_penalty_split"),
    },
    "xgboost": {
        **_because(_CODE, "callbacks"),
        **_because(_DEVICE, "device", "gpu_id"),
        **_because(_THREADS, "n_jobs", "nthread"),
        **_because(_BYTES, "tree_method", "sampling_method", "updater", "process_type", "refresh_leaf"),
        **_because(_SEED, "random_state", "seed", "seed_per_iteration"),
        **_because(_FORM, "booster", "multi_strategy", "missing", "base_score"),
        **_because(_CLASSES, "num_class"),
        **_because(_PRINTS, "verbosity", "eval_metric", "importance_type", "validate_parameters"),
        **_because(_MONOTONIC, "monotone_constraints"),
        **_because(_INTERACTIONS, "interaction_constraints"),
        **_because(_COLUMNS, "enable_categorical", "feature_types", "feature_weights"),
        **_because(_STOP, "early_stopping_rounds"),
    },
}


def entry(name: str) -> dict[str, Any]:
    """Return the table's entry of a class."""
    uses, task = CLASSES[name]
    ask = {"lightgbm": ask_lightgbm, "xgboost": ask_xgboost}[uses]
    params = {
        parameter: [dict(form) for form in forms] if forms is not None else [asked(parameter, ask)]
        for parameter, forms in sorted(PARAMETERS[name].items())
    }
    for parameter, forms in params.items():
        for form in forms:
            if form["type"] == "integer":
                cap, floor = CAPS.get(parameter, _LARGEST), _FLOORS.get(parameter, 0)
                form |= {"max": min(form.get("max", cap), cap), "min": max(form.get("min", floor), floor)}
            elif parameter.startswith(("subsample", "colsample")):
                form["minOpen"] = True  # of no rows or columns nothing is learnt
    return {
        "module": uses,
        "uses": uses,
        "task": task,
        "family": uses,
        "keepsRows": False,
        "weighsRows": True,
        "params": params,
    }


def left_out() -> dict[str, dict[str, str]]:
    """Return, per library, each parameter that a recipe cannot set and why."""
    return {uses: dict(sorted(LEFT_OUT[uses].items())) for uses in sorted(LEFT_OUT)}


def asked(parameter: str, ask: Ask) -> Form:
    """Return the one form that a library says a parameter has."""
    answer = ask(parameter, "text")
    if choices := re.search(r"valid values are: \{(.*?)\}", answer):
        return {"type": "choice", "values": sorted(re.findall("'([^']*)'", choices[1]))}
    if 'should be "true"' in answer:
        return {"type": "boolean"}
    kind = "integer" if re.search(r"of type int|expect int", answer) else "real"
    form: Form = {"type": kind}
    for value in (
        -(10**6),
        1.5 if kind == "real" else 10**6 if ask is ask_lightgbm else -(10**6),
        *_HIGH.get(kind, ()),
    ):
        for key, bound in _bounds(ask(parameter, value)):
            form[key] = int(bound) if kind == "integer" and key in ("min", "max") else bound
    if kind == "integer" and form.pop("minOpen", False):
        form["min"] += 1
    return form


_HIGH: Mapping[str, tuple[float, ...]] = {"real": (2.5,)}


def _bounds(answer: str) -> Iterator[tuple[str, Any]]:
    """Yield the bounds that a refusal of LightGBM or XGBoost names."""
    if found := re.search(r"Check failed: \(\w+\) ?(>=|>|<=|<) ?\((-?[0-9.e+]+)\)", answer):
        key = "min" if ">" in found[1] else "max"
        yield key, float(found[2])
        if "=" not in found[1]:
            yield f"{key}Open", True
    elif found := re.search(r"should be greater equal to (-?[0-9.e+]+)", answer):
        yield "min", float(found[1])
    elif found := re.search(r"exceed bound \[(-?[0-9.e+]+),\s*(-?[0-9.e+]+)\]", answer):
        yield from (("min", float(found[1])), ("max", float(found[2])))


def ask_lightgbm(parameter: str, value: Any) -> str:
    """Return what LightGBM says of a parameter's value; an empty text where it takes it."""
    import lightgbm

    rows, targets = _rows()
    try:
        lightgbm.Booster({"verbosity": -1, "num_threads": 1, parameter: value}, lightgbm.Dataset(rows, targets))
    except lightgbm.basic.LightGBMError as error:
        return str(error)
    return ""


def ask_xgboost(parameter: str, value: Any) -> str:
    """Return what XGBoost says of a parameter's value; an empty text where it takes it."""
    import xgboost

    rows, targets = _rows()
    given = {"verbosity": 0, "nthread": 1, "tree_method": "hist", "max_depth": 1, parameter: value}
    try:
        with xgboost.config_context(verbosity=0):
            xgboost.train(given, xgboost.DMatrix(rows, targets), 1)
    except xgboost.core.XGBoostError as error:
        return str(error)
    return ""


def _rows() -> tuple[Any, Any]:
    import numpy as np

    return np.arange(20.0).reshape(10, 2), np.arange(10.0) % 2
