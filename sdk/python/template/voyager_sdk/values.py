"""Values of WIT as MessagePack, as they cross to child tasks. It needs no bindings, so that tests can import it.

A dataclass whose fields stand in the order of the WIT record is that record (the classes of the bindings are); an
`enum.Enum` is an enum; a case of a variant is its name, with a payload `{"name": payload}`; flags are a list of names;
`None` is an absent option; bytes are `bytes`. A float is never written as a whole number: `1.0`, not `1`.
"""

import dataclasses
import enum
import types
import typing

import msgpack


def written(arguments):
    """The bytes of the tuple of parameters."""
    return msgpack.packb([_plain(it) for it in arguments])


def read(ty, content):
    """The value of type `ty` that the bytes are; without a type as MessagePack has it. Raises `TypeError` or
    `ValueError` where they are none.
    """
    value = msgpack.unpackb(content)
    return value if ty is None else _typed(ty, value)


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
        hints = typing.get_type_hints(ty)
        return ty(*_all([hints[it.name] for it in dataclasses.fields(ty)], value))
    if origin is tuple:
        return tuple(_all(inner, value))
    if origin is list:
        return [_typed(inner[0], it) for it in _expect(list, value)]
    if isinstance(ty, type) and issubclass(ty, enum.Enum):
        for case in ty:
            if _case(case.name) == value:
                return case
        raise ValueError(f"{ty.__name__} has no {value!r}")
    return _expect(ty, value)


def _all(of, value):
    """Values, each of a type of its own."""
    values = _expect(list, value)
    if len(values) != len(of):
        raise ValueError(f"expected {len(of)} values, found {len(values)}")
    return [_typed(ty, it) for ty, it in zip(of, values)]


def _expect(ty, value):
    # A `bool` is an `int` in Python and not in WIT.
    if not isinstance(value, ty) or (ty is int and isinstance(value, bool)):
        raise TypeError(f"expected {ty.__name__}, found {value!r}")
    return value


def _case(name):
    return name.lower().replace("_", "-")
