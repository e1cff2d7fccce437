"""The forge in memory passes the contract that the real ones pass."""

from __future__ import annotations

import itertools

import pytest

from reconciler.ports import Forge
from reconciler.testing.contracts_forge import ForgeContract
from reconciler.testing.forge import MemoryForge


class TestMemoryForge(ForgeContract):
    @pytest.fixture(autouse=True)
    def _take(self) -> None:
        self.forge = MemoryForge()
        self.forge.tips["main"] = "0" * 40
        self.commits = (f"{n:040x}" for n in itertools.count(1))

    def make(self) -> Forge:
        return self.forge

    def push(self, branch: str) -> str:
        self.forge.tips[branch] = next(self.commits)
        return self.forge.tips[branch]

    def approve(self, number: int, by: str) -> None:
        self.forge.approve(number, by)

    def withdraw(self, number: int, by: str) -> None:
        self.forge.withdraw(number, by)

    def merge(self, number: int) -> str:
        commit = next(self.commits)
        self.forge.merge(number, commit)
        return commit

    def comment_as(self, by: str, number: int, body: str) -> None:
        self.forge.comments.append((number, by, body))

    def team(self, name: str, members: tuple[str, ...]) -> str:
        self.forge.teams[name] = members
        return name
