"""The remote that a project was cloned from: pushes and fetches, never forced, without hooks, within a time limit.

The user's configuration counts (ssh, credential helpers, proxies). A token is passed to git through its environment, as
a header for this address alone; it appears in no argument, address, file or message.
"""

from __future__ import annotations

import base64
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

from reconciler.adapters.git.plumbing import Git, check_revision, top_of, user_environment
from reconciler.core.forge.detection import Token
from reconciler.core.forge.remote_url import RemoteURL, address
from reconciler.core.names import visible
from reconciler.errors import ConflictError, ForgeError, ReconcilerError, SourceError

NAME = "origin"
TIMEOUT = 120  # seconds for a push or a fetch
_SETTINGS = (
    ("push.gpgSign", "false"),
    ("push.followTags", "false"),
    ("push.recurseSubmodules", "no"),
    ("fetch.recurseSubmodules", "no"),
)
# The user name that goes with a token; GitLab's job tokens have one of their own.
_USERS = {"GITLAB_TOKEN": "oauth2", "CI_JOB_TOKEN": "gitlab-ci-token"}
_NO_ACCESS = (
    *("authentication failed", "permission denied", "returned error: 401", "returned error: 403"),
    *("could not read username", "could not read password", "repository not found"),
)
_ADDRESS = re.compile(r"[a-z+]+://\S+|\S+@\S+:\S+")


class GitRemote:
    """Implements ports.Remote. `project` is in a clone. `token` is only for `site` (scheme, host and port)."""

    def __init__(
        self,
        project: Path,
        *,
        environ: Mapping[str, str],
        token: Token | None = None,
        site: str = "",
        timeout: float = TIMEOUT,
    ) -> None:
        self._top = top_of(project)
        self._environ = environ
        self._token = token
        self._site = site
        self._timeout = timeout

    def address(self) -> RemoteURL | None:
        """Return the address that is fetched from; None without a remote.

        SourceError E305 for an address that is not supported, also among those that are pushed to.
        """
        if not self._setting(f"remote.{NAME}.url"):
            return None
        pushed = self._git("remote", "get-url", "--push", "--all", "--", NAME).splitlines()
        return [address(text) for text in (*pushed, self._raw())][-1]

    def _raw(self) -> str:
        return self._git("remote", "get-url", "--", NAME).rstrip("\n")

    def url(self) -> str | None:
        address = self.address()
        return None if address is None else str(address)

    def base(self) -> str | None:
        """Return the remote's default branch, as the clone recorded it; else the branch that is checked out."""
        for ref, start in ((f"refs/remotes/{NAME}/HEAD", f"refs/remotes/{NAME}/"), ("HEAD", "refs/heads/")):
            code, out, _ = Git(self._top).call("symbolic-ref", "--quiet", ref)
            target = out.decode("utf-8", "replace").strip()
            if code == 0 and target.startswith(start):
                return target.removeprefix(start)
        return None

    def fetch(self, branch: str) -> str | None:
        check_revision(branch)
        self._existing_remote()
        ref = f"refs/heads/{branch}"
        tip = self._tip(ref)
        if tip is not None:
            local = self._ours(ref)
            if local != tip:
                self._git(
                    *("fetch", "--no-tags", "--no-write-fetch-head", "--quiet", "--upload-pack=git-upload-pack"),
                    *("--", NAME, ref),
                )
                self._forward(ref, local, tip)
        return tip

    def _ours(self, ref: str) -> str:
        return Git(self._top).call("rev-parse", "--verify", "--quiet", ref)[1].decode().strip()

    def _tip(self, ref: str) -> str | None:
        listed = self._git("ls-remote", "--refs", "--upload-pack=git-upload-pack", "--", NAME, ref)
        return next((line.partition("\t")[0] for line in listed.splitlines() if line.endswith(f"\t{ref}")), None)

    def _forward(self, ref: str, local: str, tip: str) -> None:
        """Move our branch to the remote's where that loses no commit; else it stays, and a push reports it."""
        git = Git(self._top)
        if not local:
            git.run("update-ref", "-m", "reconciler: fetch", "--", ref, tip, "0" * len(tip))
        elif git.call("merge-base", "--is-ancestor", local, tip)[0] == 0 and not self._is_checked_out(ref):
            git.run("update-ref", "-m", "reconciler: fetch", "--", ref, tip, local)

    def _is_checked_out(self, ref: str) -> bool:
        listed = Git(self._top).run("worktree", "list", "--porcelain").decode("utf-8", "replace")
        return f"branch {ref}" in listed.splitlines()

    def push(self, branch: str) -> None:
        check_revision(branch)
        self._push(f"refs/heads/{branch}", branch)

    def push_tag(self, tag: str) -> None:
        check_revision(tag)
        self._push(f"refs/tags/{tag}", tag)

    def _push(self, ref: str, name: str) -> None:
        self._existing_remote()
        code, out, err = self._call(
            *("push", "--porcelain", "--no-verify", "--no-signed", "--no-follow-tags", "--recurse-submodules=no"),
            *("--receive-pack=git-receive-pack", "--no-force", "--", NAME, f"{ref}:{ref}"),
        )
        if code != 0:
            error = self._explained(out + "\n" + err, name)
            # After a lost answer, curl sends the push again, and learns that the branch exists.
            if not isinstance(error, ConflictError) or self._tip(ref) != self._ours(ref):
                raise error

    def _existing_remote(self) -> RemoteURL:
        address = self.address()
        if address is None:
            raise SourceError(
                f"there is no remote `{NAME}` to push to",
                hint=f"git remote add {NAME} ADDRESS, or merge the branch here",
                code="E306",
            )
        return address

    def _setting(self, name: str) -> str:
        return Git(self._top).call("config", "--get", name)[1].decode("utf-8", "replace").strip()

    def _git(self, *arguments: str) -> str:
        code, out, err = self._call(*arguments)
        if code != 0:
            raise self._explained(err, "")
        return out

    def _call(self, *arguments: str) -> tuple[int, str, str]:
        environment = self._environment(asks=arguments[0] in ("push", "fetch", "ls-remote"))
        try:
            code, out, err = Git(self._top, environment=environment, timeout=self._timeout).call(*arguments)
        except subprocess.TimeoutExpired as error:
            raise ForgeError(
                f"the remote did not answer git {arguments[0]} in {self._timeout:g} seconds",
                hint="run the same command again; a branch that arrived is not pushed twice",
                code="E901",
            ) from error
        return code, out.decode("utf-8", "replace"), err

    def _environment(self, *, asks: bool) -> dict[str, str]:
        kept = user_environment(
            self._environ,
            GIT_ALLOW_PROTOCOL="file:https:http:ssh",
            SSH_ASKPASS_REQUIRE="never",
            GCM_INTERACTIVE="never",
        )
        count = int(kept.get("GIT_CONFIG_COUNT", "0") or 0)
        for number, (key, value) in enumerate([*_SETTINGS, *(self._header() if asks else [])], count):
            kept |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
            kept["GIT_CONFIG_COUNT"] = str(number + 1)
        return kept

    def _header(self) -> list[tuple[str, str]]:
        """Return settings for the token, for this address alone, in place of configured headers: two would be refused.

        No redirection is followed with it.
        """
        address = self.address()
        if self._token is None or address is None or not self._site or address.origin != self._site:
            return []
        user = _USERS.get(self._token.name, "x-access-token")
        basic = base64.b64encode(f"{user}:{self._token.secret}".encode()).decode()
        key = f"http.{re.sub(r'(?<=://)[^/@]*@', '', self._raw())}"
        header = f"Authorization: Basic {basic}"
        return [(f"{key}.extraHeader", ""), (f"{key}.extraHeader", header), ("http.followRedirects", "false")]

    def _explained(self, text: str, name: str) -> ReconcilerError:
        """Return the messages of git and the server as an error of ours."""
        low = text.lower()
        if any(word in low for word in ("non-fast-forward", "fetch first", "already exists", "stale info")):
            return ConflictError(
                f"{name} is at the remote already, with other contents",
                hint=f"merge it there, or close its request and delete it: git push {NAME} --delete {name}",
                code="E904",
            )
        if any(word in low for word in _NO_ACCESS):
            return ForgeError(
                f"the remote refuses to be written to: {self._last(text)}",
                hint=f"git needs a right to push: a token in the environment, or what `git push {NAME}` needs",
                code="E902",
            )
        if "[remote rejected]" in low or "pre-receive hook declined" in low:
            return ForgeError(f"the remote rejects {name}: {self._last(text)}", code="E904")
        if "src refspec" in low:
            return SourceError(f"there is no branch or tag {name} to push", code="E306")
        return ForgeError(
            f"the remote cannot be reached: {self._last(text)}",
            hint=f"try git ls-remote {NAME}, and run the same command again",
            code="E901",
        )

    def _last(self, text: str) -> str:
        """Return the most telling line, without addresses: one may contain a password."""
        lines = [" ".join(line.split()) for line in text.splitlines() if line.strip()]
        telling = [line for line in lines if line.startswith(("!", "remote:", "fatal:", "error:"))] or lines or [""]
        shown = _ADDRESS.sub("(the remote)", visible(telling[0].removeprefix("fatal: ").removeprefix("error: ")))
        if self._token is not None:
            shown = shown.replace(self._token.secret, "***")
        return shown[:200] or "git said nothing"
