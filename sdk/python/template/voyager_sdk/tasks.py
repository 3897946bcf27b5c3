"""Other operations as child tasks, with Python types for their arguments and results.

For skills whose world imports `voyager:tasks/tasks@0.1.0`. How values look is said in `voyager_sdk.values`.
"""

from componentize_py_types import Err
from wit_world.imports import tasks as _tasks

from . import values
from .errors import Invalid, asking, exception

_call = asking(_tasks.call)
_map = asking(_tasks.map)


def call(operation, *arguments, returns=None):
    """Calls one operation, `package:name/interface.function`, with its arguments in the order of its parameters.

    The result is lists, numbers and texts, or of the type `returns`: a dataclass, `list[...]`, `tuple[...]`,
    `T | None`, an enum, or a plain type. Raises `HostError` where there is none.
    """
    return _read(operation, returns, _call(operation, values.written(arguments)))


def map(operation, arguments, *, parallel=0, returns=None):
    """Calls one operation once for each tuple of `arguments`, at most `parallel` at a time (0: as many as the host has
    cores).

    Outcomes come in the order of the arguments: results, and `HostError`s (not raised) of children that failed.
    Raises `HostError` where all of them together are refused.
    """
    outcomes = _map(operation, [values.written(it) for it in arguments], parallel)
    return [
        exception(it.value) if isinstance(it, Err) else _read(operation, returns, it.value)
        for it in outcomes
    ]


def _read(operation, ty, content):
    try:
        return values.read(ty, content)
    except (TypeError, ValueError) as error:
        misfit = str(error)
    raise Invalid(f"the result of `{operation}` is of another type: {misfit}")
