"""Where a store or a target is: apart from the rest of an environment, since who only asks a bucket needs no more."""

from __future__ import annotations

from dataclasses import dataclass

_SHOWN = ("account", "bucket", "container", "prefix", "repository", "tracking")
"""The settings that an address consists of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StorageLocation:
    """The location of a store or a target. `uses` names its implementation. On a disk, `root` is its folder, relative
    to the project; elsewhere it is None, and `settings` locate it as sorted (name, text): such as bucket, prefix,
    region."""

    uses: str
    root: str | None = None
    settings: tuple[tuple[str, str], ...] = ()

    def setting(self, name: str) -> str | None:
        """Return a setting's text, or None."""
        return dict(self.settings).get(name)

    @property
    def address(self) -> str:
        """Return one text per location: a folder's path, s3://bucket/prefix, azure://account/container/prefix."""
        if self.root is not None:
            return self.root
        parts = [(self.setting(name) or "").rpartition("://")[2] for name in _SHOWN]
        known = "/".join(part for part in parts if part) or ",".join(f"{name}={text}" for name, text in self.settings)
        return f"{self.uses}://{known}"

    @property
    def in_full(self) -> str:
        """Return the address with what else locates it: the same bucket of another endpoint is another place."""
        shown = () if self.root is not None else _SHOWN
        if self.root is None and not any(self.setting(name) for name in shown):
            return self.address  # a plug-in's, which names every setting
        rest = ", ".join(f"{name} {text}" for name, text in self.settings if name not in shown)
        return f"{self.address} ({rest})" if rest else self.address

    @property
    def is_by_environment(self) -> bool:
        """Tell whether what is served there is named by its environment, so that several may share the place."""
        return self.uses in ("oci", "mlflow")

    @property
    def is_listed(self) -> bool:
        """Tell whether listings say what changed there since it was read: on a disk, and in a bucket of ours."""
        return not self.is_by_environment

    def overlaps(self, other: StorageLocation) -> bool:
        """Tell whether one location lies in the other, also on a disk that ignores upper and lower case."""
        if self.is_by_environment and other.is_by_environment:
            return False
        a, b = (location.address.casefold() + "/" for location in (self, other))
        return a.startswith(b) or b.startswith(a)
