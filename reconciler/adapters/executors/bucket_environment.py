"""Choose the variables by which the library of buckets reaches them: only the process of a copy from one gets them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from reconciler.core.spec.data import Table, is_in_bucket

_OF_BUCKETS = (
    *("AWS_", "GOOGLE_", "AZURE_", "AZURITE_", "GCP_", "SSL_CERT_", "KUBERNETES_", "IDENTITY_", "MSI_"),
    *("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy"),
    *("RECONCILER_STORE_TIMEOUT", "RECONCILER_ALLOW_HTTP"),
)


def bucket_environment(tables: Iterable[tuple[str, Table]], environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variables by which buckets are reached, where a table is in one."""
    if not any(is_in_bucket(table.path) for _, table in tables):
        return {}
    return {name: value for name, value in environ.items() if name.startswith(_OF_BUCKETS)}
