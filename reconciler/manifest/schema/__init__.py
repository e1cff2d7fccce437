"""Pydantic documents that users write: project, environment, model, gates, policy, locations."""
