"""JSON for programs: the same bytes as Python's own encoder of indented text, which is slow."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from reconciler import codec
from reconciler.report.layout import json_output

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(st.dictionaries(st.text(), VALUES, max_size=5))
def test_a_document_is_indented_as_python_does(fields: dict[str, Any]) -> None:
    wanted = json.loads(codec.canonical(fields))
    assert json_output.document({}, fields) == json.dumps(wanted, indent=2, sort_keys=True) + "\n"
