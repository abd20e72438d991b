"""Compares the door with the services behind it: methods that are asked and answered, fields let in and taken."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator
from types import ModuleType
from typing import Any

from marshmallow import Schema, fields, validate

from shared.messaging.entrypoints import Asked
from tests.harness import ROOT

#: Looks at one field of the door and the service's own, at its dotted path.
Look = Callable[[Any, Any, str], None]


def answered(services: Iterable[type]) -> set[str]:
    """Return every RPC method of these services, by ``service.method``."""
    return {
        f"{service.name}.{name}"  # type: ignore[attr-defined]
        for service in services
        for name in dir(service)
        for entrypoint in getattr(getattr(service, name), "nameko_entrypoints", ())
        if isinstance(entrypoint, Asked)
    }


def calls(modules: Iterable[ModuleType]) -> Iterator[str]:
    """Yield ``service.method`` of every call that a view makes by name."""
    for module in modules:
        path = ROOT / "services" / "gateway" / "api" / f"{module.__name__.rpartition('.')[2]}.py"
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in ("ask", "act"):
                service, method = call.args
                assert isinstance(service, ast.Name)
                if isinstance(method, ast.Constant):
                    yield f"{getattr(module, service.id)}.{method.value}"


def must_fit(told: type[Schema], in_path: set[str], taken: type[Schema], look: Look = lambda *_: None) -> None:
    """Assert that what the door lets in, with what its path says, is what the service takes but for the act's id."""
    ours, theirs = told().fields, taken().fields
    assert {*ours, *in_path} == theirs.keys() - {"act_id"}
    for name, field in ours.items():
        _must_nest(field, theirs[name], name, look)


def choices(field: Any) -> set[Any]:
    """Return the values that a field may have; none: any."""
    return {choice for rule in field.validators if isinstance(rule, validate.OneOf) for choice in rule.choices}


def _must_nest(ours: Any, theirs: Any, path: str, look: Look) -> None:
    look(ours, theirs, path)
    if isinstance(theirs, fields.List):
        assert isinstance(ours, fields.List), path
        _must_nest(ours.inner, theirs.inner, f"{path}.0", look)
    elif isinstance(theirs, fields.Nested):
        assert isinstance(ours, fields.Nested), path
        assert ours.schema.fields.keys() == theirs.schema.fields.keys(), path
        for name, field in ours.schema.fields.items():
            _must_nest(field, theirs.schema.fields[name], f"{path}.{name}", look)
