"""Other operations as child tasks, with Python types for their arguments and results.

For skills whose world imports `voyager:tasks/tasks@0.1.0`. A dataclass whose fields stand in the order of the WIT record
is that record (the classes of the bindings are); an `enum.Enum` is an enum; a case of a variant is its name, with a
payload `{"name": payload}`; flags are a list of names; `None` is an absent option; bytes are `bytes`. A float is never
written as a whole number: `1.0`, not `1`.
"""

import dataclasses
import enum
import types
import typing

import msgpack
from componentize_py_types import Err
from wit_world.imports import tasks as _tasks

from .errors import HostError, Invalid, asking, exception

_call = asking(_tasks.call)
_map = asking(_tasks.map)


def call(operation, *arguments, returns=None):
    """Calls one operation, `package:name/interface.function`, with its arguments in the order of its parameters.

    The result is lists, numbers and texts, or of the type `returns`: a dataclass, `list[...]`, `tuple[...]`,
    `T | None`, an enum, or a plain type. Raises `HostError` where there is none.
    """
    return _read(operation, returns, _call(operation, _written(arguments)))


def map(operation, arguments, *, parallel=0, returns=None):
    """Calls one operation once for each tuple of `arguments`, at most `parallel` at a time (0: as many as the host has
    cores).

    Outcomes come in the order of the arguments: results, and `HostError`s (not raised) of children that failed.
    Raises `HostError` where all of them together are refused.
    """
    outcomes = _map(operation, [_written(it) for it in arguments], parallel)
    return [
        exception(it.value) if isinstance(it, Err) else _read(operation, returns, it.value)
        for it in outcomes
    ]


def _written(arguments):
    return msgpack.packb([_plain(it) for it in arguments])


def _plain(value):
    """A value as MessagePack has it: a record is the list of its fields."""
    if dataclasses.is_dataclass(value):
        return [_plain(getattr(value, it.name)) for it in dataclasses.fields(value)]
    if isinstance(value, enum.Enum):
        return _case(value.name)
    if isinstance(value, (list, tuple)):
        return [_plain(it) for it in value]
    if isinstance(value, dict):
        return {name: _plain(it) for name, it in value.items()}
    return value


def _read(operation, ty, content):
    value = msgpack.unpackb(content)
    if ty is None:
        return value
    try:
        return _typed(ty, value)
    except (TypeError, ValueError) as error:
        misfit = str(error)
    raise Invalid(f"the result of `{operation}` is of another type: {misfit}")


def _typed(ty, value):
    origin, inner = typing.get_origin(ty), typing.get_args(ty)
    if ty is typing.Any:
        return value
    if origin in (typing.Union, types.UnionType):
        present = [it for it in inner if it is not type(None)]
        if len(present) != 1 or len(inner) != 2:
            raise TypeError(f"{ty} is no option")
        return None if value is None else _typed(present[0], value)
    if dataclasses.is_dataclass(ty):
        fields, hints = dataclasses.fields(ty), typing.get_type_hints(ty)
        values = _expect(list, value)
        if len(values) != len(fields):
            raise ValueError(f"{ty.__name__} has {len(fields)} fields, found {len(values)}")
        return ty(*(_typed(hints[it.name], field) for it, field in zip(fields, values)))
    if origin is tuple:
        values = _expect(list, value)
        if len(values) != len(inner):
            raise ValueError(f"{len(inner)} values are expected, found {len(values)}")
        return tuple(_typed(of, it) for of, it in zip(inner, values))
    if origin in (list, typing.Sequence) or ty is list:
        values = _expect(list, value)
        return [_typed(inner[0], it) for it in values] if inner else values
    if isinstance(ty, type) and issubclass(ty, enum.Enum):
        for case in ty:
            if _case(case.name) == value:
                return case
        raise ValueError(f"{ty.__name__} has no {value!r}")
    return _expect(ty, value)


def _expect(ty, value):
    # A `bool` is an `int` in Python and not in WIT.
    if not isinstance(value, ty) or (ty is int and isinstance(value, bool)):
        raise TypeError(f"expected {ty.__name__}, found {value!r}")
    return value


def _case(name):
    return name.lower().replace("_", "-")
