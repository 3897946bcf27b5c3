"""Helpers for skills in Python. Part of this folder, so that it builds wherever it lies.

`voyager_sdk.testing` is for tests alone: they run beside the host, where the bindings are not.
"""

try:
    from wit_world.imports.run import log, progress

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
    # Tests have no bindings, and import nothing but `voyager_sdk.testing`.
    if error.name is None or not error.name.startswith("wit_world"):
        raise
