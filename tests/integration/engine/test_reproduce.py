"""An artifact is trained again to the same bytes from what its provenance names, whatever was done to its columns."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.core.spec.data import Mask, Treatment
from reconciler.engine.inspect.reproduce import reproduce
from tests.support.erasure_project import ErasureProject

MASKS = tuple(
    Mask(table=table, column="customer_id", treatment=Treatment.PSEUDONYM) for table in ("customers", "invoices")
)


@pytest.mark.soak(every=2)
@pytest.mark.parametrize("masks", [(), MASKS], ids=["plain", "masked"])
def test_a_model_is_reproduced_byte_for_byte_also_where_its_columns_are_masked(
    masks: tuple[Mask, ...], tmp_path: Path
) -> None:
    project = ErasureProject(tmp_path, masks=masks)
    project.only("joined to its row")
    project.apply()
    [digest] = project.artifacts().values()
    result = reproduce(project.deps(), project.desired, digest)
    assert (result.found, result.differing) == (digest, ())
