"""The team of these tests under the name by which tests from elsewhere, laid beside these, import it."""

from tests.support.team import Team

__all__ = ["Team"]
