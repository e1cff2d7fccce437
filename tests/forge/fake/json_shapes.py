"""Answers in the form that GitHub publishes: what is known, completed by what its schema requires, held against it."""

from __future__ import annotations

import datetime as dt
import types
import typing
from functools import cache
from typing import Annotated, Any, Literal

from pydantic import BaseModel


@cache
def model(name: str) -> type[BaseModel]:
    """GitHub's description of REST API version 2022-11-28, as githubkit generates it; imported once, it is large."""
    from githubkit_schemas.v2022_11_28 import models

    found: type[BaseModel] = getattr(models, name)
    return found


def shaped(form: str, /, **known: Any) -> dict[str, Any]:
    """An answer of this form; pydantic's error when what is known contradicts it."""
    made = _filled(model(form), known)
    model(form).model_validate(made)
    return made


def _filled(kind: type[BaseModel], known: dict[str, Any]) -> dict[str, Any]:
    made = dict(known)
    for name, one in kind.model_fields.items():
        key = one.alias or name
        if key in made:
            inner = _class_of(one.annotation)
            if inner is not None and isinstance(made[key], dict):
                made[key] = _filled(inner, made[key])
        elif one.is_required():
            made[key] = _any(one.annotation)
    return made


def _class_of(form: Any) -> type[BaseModel] | None:
    options = typing.get_args(form) if typing.get_origin(form) in (typing.Union, types.UnionType) else (form,)
    return next((one for one in options if isinstance(one, type) and issubclass(one, BaseModel)), None)


def _any(form: Any) -> Any:
    """Something of this form that says nothing."""
    origin, options = typing.get_origin(form), typing.get_args(form)
    if origin in (typing.Union, types.UnionType):
        return None if type(None) in options else _any(options[0])
    if origin is Annotated:
        return _any(options[0])
    if origin is Literal:
        return options[0]
    if isinstance(form, type) and issubclass(form, BaseModel):
        return _filled(form, {})
    simple: dict[Any, Any] = {str: "", int: 1, bool: False, float: 0.0, dt.datetime: "2026-01-01T00:00:00Z"}
    return simple.get(form, [] if origin is list else {} if origin is dict else None)
