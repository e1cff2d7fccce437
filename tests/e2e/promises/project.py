"""The project of these tests under the name by which tests from elsewhere, laid beside these, import it."""

from tests.support.project import Project

__all__ = ["Project"]
