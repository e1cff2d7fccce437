"""Read which pull request a CI job runs for, from the variables that GitHub Actions and GitLab CI document.

Sources: docs.github.com, "Variables reference"; docs.gitlab.com, "Predefined CI/CD variables reference".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_PULL = re.compile(r"refs/pull/([0-9]{1,9})/(?:merge|head)")
_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class CIJob:
    """One CI job: `request` and its `head` commit where the job runs for a pull request. `fork`: the request comes from
    another repository, so the job may not write. `summary`: the file whose Markdown the runner shows."""

    request: int | None = None
    head: str | None = None
    fork: bool = False
    summary: str | None = None


def job(environ: Mapping[str, str], event: Mapping[str, Any]) -> CIJob:
    """Return the CI job of these variables. `event` is the document in GITHUB_EVENT_PATH, empty elsewhere."""
    if environ.get("GITHUB_ACTIONS") == "true":
        return _github(environ, event)
    if environ.get("GITLAB_CI") == "true":
        return _gitlab(environ)
    return CIJob()


def _github(environ: Mapping[str, str], event: Mapping[str, Any]) -> CIJob:
    summary = environ.get("GITHUB_STEP_SUMMARY") or None
    match = _PULL.fullmatch(environ.get("GITHUB_REF", ""))
    pull = event.get("pull_request")
    pull = pull if isinstance(pull, Mapping) else {}
    number = pull.get("number")
    if not isinstance(number, int):
        number = int(match[1]) if match else None
    head = pull.get("head")
    head = head if isinstance(head, Mapping) else {}
    repository = head.get("repo")
    name = repository.get("full_name") if isinstance(repository, Mapping) else None
    return CIJob(
        request=number,
        head=_commit(head.get("sha")),
        fork=bool(pull) and name != environ.get("GITHUB_REPOSITORY"),
        summary=summary,
    )


def _gitlab(environ: Mapping[str, str]) -> CIJob:
    number = environ.get("CI_MERGE_REQUEST_IID", "")
    return CIJob(
        request=int(number) if re.fullmatch("[0-9]{1,9}", number) else None,
        # In a pipeline for the merged result, CI_COMMIT_SHA is that of the merge.
        head=_commit(environ.get("CI_MERGE_REQUEST_SOURCE_BRANCH_SHA")) or _commit(environ.get("CI_COMMIT_SHA")),
        fork=bool(number) and environ.get("CI_MERGE_REQUEST_SOURCE_PROJECT_ID") != environ.get("CI_PROJECT_ID"),
    )


def _commit(text: object) -> str | None:
    return text if isinstance(text, str) and _COMMIT.fullmatch(text) else None
