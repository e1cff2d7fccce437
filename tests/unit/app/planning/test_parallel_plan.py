"""Many models are split into partitions: each model is in one, and this process plans at least one."""

from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.adapters.executors.fork_map import MOST_PARTITIONS
from reconciler.app.planning import parallel_plan
from reconciler.app.planning.planned_models import CacheablePlan
from reconciler.core.digest import digest_of_bytes
from reconciler.core.plan.plan import Plan


@given(st.integers(30, 3_000) | st.sampled_from([20_000, 130_000, 300_000]), st.integers(2, 4))
def test_each_model_is_in_one_partition_and_all_partitions_can_be_claimed(models: int, count: int) -> None:
    names = [str(number) for number in range(models)]
    partitions = parallel_plan._split(names, count)
    assert sorted(name for partition in partitions for name in partition) == sorted(names)
    assert all(partitions)
    assert count <= len(partitions) <= MOST_PARTITIONS


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_this_process_plans_a_partition_however_fast_the_others_are() -> None:
    """Only here are the files noted that were read for all models: without a partition they would not be."""
    said, saying = os.pipe()

    def plan_partition(number: int) -> CacheablePlan:
        os.write(saying, bytes([number]))
        digest = digest_of_bytes(bytes([number]))
        process = str(os.getpid())
        plan = Plan(id=digest, project="p", environment=process, role="serving", revision=None, refresh=None, models=())
        return CacheablePlan(plan=plan, until=number, settled={})

    def undeclared() -> bool:
        """Take so long that the other process plans all that can be claimed."""
        for _ in range(4):
            os.read(said, 1)
        return False

    plans = parallel_plan._plan_all(plan_partition, undeclared, 2, 5)
    os.close(said)
    os.close(saying)
    assert plans is not None
    assert sorted(part.until for part in plans) == [0, 1, 2, 3, 4]
    assert [part.until for part in plans if part.plan.environment == str(os.getpid())] == [0]
