"""How much each sweep does: `make test` takes the quick counts, `make soak` (EFFORT=full) the full ones.

A quick count is enough to find a broken promise; a full one leaves nothing out, or tries for long. A test that takes
its count from here is marked `soak`, so that `make soak` runs it again. A variable of the count's name sets it by hand:
`SEEDS=50000 make soak`. Of a release, or where what they look at was changed: `SEEDS=10000 RACES=50 ROUNDS=200
ROWS=10000 MODEL_FILES=1000 BOOSTER_FILES=10000 PUBLIC_SEEDS=3 GARBAGE_SEEDS=10000 TAMPERINGS=10000 CLUSTER_ROUNDS=100
NOISE_SEEDS=100 NOISE_TRIALS=200 EXPERIMENT_KILLS=50 EXPERIMENT_JOBS=3 PACKAGE_STRIDE=7 SERVE_REQUESTS=10000
SERVE_SWAPS=50 SERVE_KILLS=20 make soak`.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from typing import TypeVar

import pytest

FULL = os.environ.get("EFFORT", "quick") == "full"

COLLECTED = pytest.StashKey[set[str]]()
"""Of pytest's configuration: the names of all tests that were found, also of those for `make soak` alone."""

# Of each name the quick count and the full one.
Case = TypeVar("Case", int, str)

COUNTS: dict[str, tuple[int, int]] = {
    "SEEDS": (40, 600),  # schedules of the simulation
    "REQUEST_SEEDS": (32, 400),  # of the simulation of requests; 100,000 take 1.6 processor hours
    "STORED": (4, 1),  # stored files and folders between two that are gone or changed
    "STRIDE": (59, 7),  # bytes between two damaged ones of a record
    "KILL_STRIDE": (34, 1),  # durable calls between two at which a process is killed
    "GARBAGE_SEEDS": (6, 100),  # schedules of garbage collections; 10,000 take 3 processor hours
    "KILLS": (1, 15),  # refreshes that are killed
    "PAGES": (48, 1),  # of 4 KiB that a disk that is too small for a refresh has more each time
    "PLACE_STRIDE": (6, 1),  # system calls between two at which a writer of a target is killed
    "REGISTRY_STRIDE": (11, 1),  # requests to a registry between two at which an apply is killed
    "RENAMES": (3, 1),  # files of a site between two at which its report is killed
    "FILE_STRIDE": (36, 1),  # files of `init`, `add` and `ci` between two at which one is killed
    "TAMPERINGS": (60, 400),  # attacks on signed stores, 10,000 take half an hour
    "COMMITS": (12, 101),  # after a weakened gate, none of which launders a pin
    "GIT_STRIDE": (30, 1),  # git commands between two at which a proposal is killed
    "SET_GIT_STRIDE": (150, 8),  # the same of a proposal for several models
    "EFFECT_STRIDE": (5, 1),  # pairs of an effect and a fault at it between two that are tried
    "CRASH_STRIDE": (8, 1),  # effects between two at which a recovery crashes
    "APPROVAL_CASES": (100, 3_000),  # questions about random approvals, of each forge
    "RACES": (1, 20),  # entries of a bucket that eight processes want
    "ROUNDS": (2, 20),  # applies during which something goes wrong between us and a bucket
    "REMOTE_MODELS": (22, 36),  # deployed in a bucket; the journals of 36 are two pages of a listing
    "CLUSTER_ROUNDS": (1, 4),  # applies on a cluster whose workers are killed, paused or cut off
    "APPLIES": (2, 8),  # pairs of applies at once
    "PARALLEL_ROUNDS": (2, 10),  # rounds of eight models applied at once
    "MODEL_FILES": (11, 600),  # files of models that are changed at random, loaded and predicted with
    "BOOSTER_FILES": (160, 2_000),  # the same of LightGBM and XGBoost
    "RANDOM_BOOSTERS": (16, 400),  # models of them with parameters of chance, which must not be refused
    "MODELS": (31, 1),  # models between two whose every attribute is changed
    "ROWS": (800, 5_000),  # of the tables that are trained on again and again
    "COLUMNS": (6, 30),
    "MEMORIES": (3, 1),  # files of what was printed between two that are damaged
    "KINDS_OF_CHANGE": (20, 1),  # kinds of change between two after which every reader is asked what it remembers
    "ODD_TABLES": (17, 1),  # tables between two that are looked at, of 139 odd ones
    "JOURNEYS": (30, 16),  # of them between two that go all the way to production; 1 takes an hour
    "PUBLIC_TABLES": (6, 6),  # tables in the shape of public ones between two that first models are measured on
    "PUBLIC_SEEDS": (2, 2),  # each of them written anew so many times
    "RANDOM_TABLES": (12, 200),  # whose features know nothing of the outcome
    "NOISE_SEEDS": (2, 4),  # tables of noise that an experiment searches
    "NOISE_LEAKS": (2, 3),  # the same, searched with a look at the holdout
    "NOISE_TRIALS": (16, 40),  # of each
    "EQUALS": (60, 1_000),  # candidates as good as all that was deployed, which gates refuse at a stated rate
    "EQUAL_FIGURES": (12, 600),  # pairs of equally good models, compared by figures that are no rates
    "DRIFT_TRIALS": (10, 200),  # random halves of rows that did not change
    "TRAINING_SEEDS": (1, 5),  # of the models of real invoices
    "COPIES": (1, 50),  # of three tables of a database that is written to all the while
    "MASK_ATTACKS": (26, 1),  # ways round masks between two that are gone
    "MASK_SEEDS": (2, 20),  # tables on which a model with masked keys is compared with one without
    "ERASED_MODELS": (5, 40),  # on 5 recipes, of which one entity is erased
    "QUIET_RUNS": (20, 200),  # 90 days of a model that keeps its promise, looked at every day
    "CHANGED_RUNS": (20, 100),  # of one that gets worse on day 40
    "RETRAIN_KILLS": (1, 6),  # times that a request for a retrain is killed at each effect, in each way
    "SIMULATED_ROWS": (40, 1_000),  # draws of rows from which an interval's coverage is counted
    "INFLUENCE_SEEDS": (8, 100),  # tables of 20 columns that are noise
    "EXPERIMENT_KILLS": (1, 8),  # at random moments of an experiment, which then goes on
    "EXPERIMENT_JOBS": (0, 1),  # of 4, 2 and 1 workers, with each of which it is run anew
    "NINETY_DAYS": (2, 60),  # of a model that is looked at, and asked for, every day
    "PACKAGE_STRIDE": (1_999, 199),  # bytes between two changed ones of a package
    "SERVE_REQUESTS": (100, 2_000),  # to two servers
    "SERVE_SWAPS": (1, 10),  # deployments and rollbacks meanwhile
    "SERVE_KILLS": (1, 4),  # times that one of them is killed
    "EXAMPLES": (1, 6),  # times the examples of each property test
}

# The files that take longest in `make test`, in CPU seconds: their tests are handed out first. Of a group that shares
# a server, the first file stands for all. After them come some that are long in `make soak` alone.
LONGEST: dict[str, int] = {
    "tests/registries/test_oci_target.py": 12,
    "tests/object_storage/test_session.py": 50,
    "tests/integration/compute/test_compute.py": 35,
    "tests/sources/test_contracts.py": 30,
    "tests/integration/console/test_streams.py": 28,
    "tests/integration/app/planning/test_plan_cache.py": 25,
    "tests/integration/app/planning/test_readers_take_what_is_unchanged.py": 25,
    "tests/e2e/promises/test_masking.py": 22,
    "tests/e2e/promises/test_serve.py": 20,
    "tests/forge/test_faults.py": 19,
    "tests/inputs/test_large_git_objects.py": 17,
    "tests/e2e/promises/test_forges.py": 16,
    "tests/e2e/promises/test_promotion.py": 16,
    "tests/e2e/test_reports.py": 15,
    "tests/forge/test_whose_work.py": 15,
    "tests/e2e/promises/test_apply_on_merge.py": 14,
    "tests/integration/docs/test_ci_workflows.py": 14,
    "tests/integration/engine/test_erasure.py": 14,
    "tests/unit/training/out_of_fold/test_rules.py": 14,
    "tests/e2e/promises/test_boosters.py": 12,
    "tests/inputs/test_hostile_models.py": 12,
    "tests/unit/data/tables/cells/test_guess_cells.py": 12,
    "tests/unit/training/test_rows_in_parts.py": 12,
    "tests/e2e/promises/test_hostile_checkout.py": 11,
    "tests/e2e/test_session.py": 11,
    "tests/inputs/readers/test_reader_sweeps.py": 11,
    "tests/integration/adapters/git/test_remote.py": 11,
    "tests/simulation/test_simulation.py": 11,
    "tests/browser/test_reports_in_chromium.py": 10,
    "tests/e2e/promises/test_loosening_requests.py": 10,
    "tests/integration/api/test_project.py": 10,
    "tests/architecture/test_naming.py": 8,
    "tests/e2e/promises/test_controls.py": 8,
    "tests/e2e/test_init.py": 8,
    "tests/forge/test_quirks.py": 8,
    "tests/inputs/readers/test_absence.py": 8,
    "tests/integration/app/test_manifest_paths.py": 8,
    "tests/integration/training/test_boosters_reproducible.py": 8,
    "tests/integration/training/test_reproducible_bytes.py": 8,
    "tests/e2e/promises/test_merge_orders.py": 5,
    "tests/e2e/promises/test_several_models.py": 5,
    "tests/e2e/promises/test_drift.py": 5,
    "tests/e2e/promises/test_forged_evidence.py": 5,
    "tests/e2e/promises/test_parallel_models.py": 5,
    "tests/integration/engine/test_kill_during_apply.py": 5,
    "tests/simulation/test_crash_at_every_write.py": 5,
    "tests/e2e/promises/test_data_snapshots.py": 5,
    "tests/e2e/promises/test_erasure.py": 5,
    "tests/e2e/promises/test_gates_for.py": 5,
    "tests/e2e/promises/test_killed_beginnings.py": 5,
    "tests/e2e/promises/test_killed_proposals.py": 5,
    "tests/e2e/promises/test_killed_refreshes.py": 5,
    "tests/e2e/promises/test_repair.py": 5,
    "tests/inputs/test_wide_tables.py": 5,
    "tests/integration/adapters/filesystem/test_target.py": 5,
    "tests/integration/app/onboarding/test_add_model.py": 5,
    "tests/property/data/test_point_in_time.py": 5,
    "tests/simulation/requests/test_requests.py": 5,
    "tests/unit/evaluation/test_against_the_best.py": 5,
    "tests/unit/model_file/structure/test_rules.py": 5,
}


def count(name: str) -> int:
    """Return the count of this name for this run."""
    quick, full = COUNTS[name]
    return int(os.environ.get(name, full if FULL else quick))


def examples(quick: int) -> int:
    """Return how many examples a property test tries that tries `quick` of them in `make test`."""
    return quick * count("EXAMPLES")


def spread(cases: Sequence[Case], name: str) -> list[Case]:
    """Return every n-th of the cases, n being the count of this name, always with the first and the last."""
    chosen = {*cases[:: count(name)], *cases[-1:]}
    return [case for case in cases if case in chosen]


def without_soaked(items: Sequence[pytest.Item]) -> list[pytest.Item]:
    """Return the tests of `make test`: none that is marked `soak(only=True)`, and of one that is marked
    `soak(every=3)` every third case."""
    left, cases = [], Counter[str]()
    for item in items:
        marks = list(item.iter_markers("soak"))
        name, every = item.nodeid.partition("[")[0], max((mark.kwargs.get("every", 1) for mark in marks), default=1)
        if not any(mark.kwargs.get("only") for mark in marks):
            if cases[name] % every == 0:
                left.append(item)
            cases[name] += 1
    return left


def place(item: pytest.Item) -> int:
    """Return a sort key: tests of the longest files come first."""
    return -LONGEST.get(item.nodeid.partition("::")[0], 0)
