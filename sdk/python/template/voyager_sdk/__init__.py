"""Helpers for skills in Python. Part of this folder, so that it builds wherever it lies.

`voyager_sdk.testing` is for tests alone: they run beside the host, where the bindings are not.
"""


def _is_no_binding(error):
    """Whether what is missing are bindings: of an import that the world has not, or all of them in tests."""
    return (error.name or "").partition(".")[0] in ("wit_world", "componentize_py_types")


try:
    from .errors import (
        Cancelled,
        Conflict,
        Denied,
        HostError,
        Invalid,
        LimitHit,
        NotFound,
        Other,
        TimedOut,
        Unavailable,
        UnknownEffect,
        asking,
        operation,
    )
except ModuleNotFoundError as error:
    if not _is_no_binding(error):
        raise
try:
    from wit_world.imports.run import log, progress
except ModuleNotFoundError as error:
    if not _is_no_binding(error):
        raise
