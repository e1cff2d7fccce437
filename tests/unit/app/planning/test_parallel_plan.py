"""How the plan of many models is shared out: each model once, and what concerns all of them asked here."""

from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.adapters.executors.fork_map import MOST_PARTITIONS
from reconciler.app.planning import parallel_plan
from reconciler.core.digest import digest_of_bytes
from reconciler.core.plan.plan import Plan


@given(st.integers(30, 3_000) | st.sampled_from([20_000, 130_000, 300_000]), st.integers(2, 4))
def test_each_model_is_in_one_share_and_all_shares_can_be_drawn(models: int, count: int) -> None:
    names = [str(number) for number in range(models)]
    found = parallel_plan._split(names, count)
    assert sorted(name for share in found for name in share) == sorted(names)
    assert all(found)
    assert count <= len(found) <= MOST_PARTITIONS


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_this_process_makes_a_share_however_fast_the_others_are() -> None:
    """Only here is it noted what was read for all models: without a share it would not be."""
    said, saying = os.pipe()

    def make(share: int) -> parallel_plan.PlanWithCache:
        os.write(saying, bytes([share]))
        digest = digest_of_bytes(bytes([share]))
        process = str(os.getpid())
        plan = Plan(id=digest, project="p", environment=process, role="serving", revision=None, refresh=None, models=())
        return parallel_plan.PlanWithCache(plan=plan, until=share, settled={})

    def strangers() -> bool:
        """Slow: all that can be drawn is made meanwhile."""
        for _ in range(4):
            os.read(said, 1)
        return False

    found = parallel_plan._by_all(make, strangers, 2, 5)
    os.close(said)
    os.close(saying)
    assert found is not None
    assert sorted(one.until for one in found) == [0, 1, 2, 3, 4]
    assert [one.until for one in found if one.plan.environment == str(os.getpid())] == [0]
