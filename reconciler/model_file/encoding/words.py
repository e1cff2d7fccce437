"""Encode texts as weights of hashed words (tf-idf), as scikit-learn's HashingVectorizer and TfidfTransformer do.

A word is two or more letters or digits, in lower case. It falls into one of a fixed number of buckets by its hash, so
that no list of words is needed: an artifact holds one number per bucket and no word of any row. A bucket whose words
fewer than five training rows have is left out, since it would tell of single rows. A row without a text has no words.

Weight: how often words of the bucket stand in the text, times ln((1 + rows) / (1 + rows with such words)) + 1 of the
training; each row is then scaled to length 1 over the buckets that are kept.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from reconciler.core.artifact.oci_artifact import ColumnType, SchemaColumn
from reconciler.core.quality.reference import FEWEST_ROWS

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_AT_ONCE = 20_000  # rows whose words are counted together


def word_columns(source: str, values: Any, buckets: int) -> tuple[SchemaColumn, ...]:
    """Return the columns of a text feature by its training rows, the texts `values`."""
    import numpy as np

    rows_with = np.zeros(buckets, dtype=np.int64)
    for _, counts in _counted(values, buckets):
        rows_with += np.bincount(counts.indices, minlength=buckets)
    idf = np.log((1 + len(values)) / (1 + rows_with)) + 1
    return tuple(
        SchemaColumn(
            name=f"{source}: words {bucket}",
            type=ColumnType.TEXT,
            source=source,
            bucket=bucket,
            buckets=buckets,
            idf=float(idf[bucket]),
        )
        for bucket in range(buckets)
        if rows_with[bucket] >= FEWEST_ROWS
    )


def encode_words(
    matrix: NDArray[np.float64], into: list[int], columns: list[SchemaColumn], values: Any, wanted: list[int]
) -> None:
    """Write the weights of one text feature into a matrix. `columns`: all of the feature, `wanted`: the numbers of
    those that are written, into the columns `into`."""
    import numpy as np

    kept, idf = [column.bucket or 0 for column in columns], np.array([column.idf for column in columns])
    for begin, counts in _counted(values, columns[0].buckets or 1):
        weights = counts[:, kept].toarray() * idf
        lengths = np.sqrt((weights * weights).sum(axis=1, keepdims=True))
        weights = weights / np.where(lengths > 0, lengths, 1.0)
        matrix[begin : begin + len(weights), into] = weights if len(wanted) == len(kept) else weights[:, wanted]


def _counted(values: Any, buckets: int) -> Iterator[tuple[int, Any]]:
    """Yield (first row, counts of words per row and bucket as a sparse matrix) for some rows at a time."""
    from sklearn.feature_extraction.text import HashingVectorizer

    counter = HashingVectorizer(n_features=buckets, alternate_sign=False, norm=None)
    for begin in range(0, len(values), _AT_ONCE):
        texts = [text or "" for text in values.slice(begin, _AT_ONCE).to_pylist()]
        yield begin, counter.transform(texts)
