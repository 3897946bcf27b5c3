"""Errors of the host as exceptions, one class for each kind, and back.

An operation that is marked with `@operation` gives them on: the error of its task has the kind, which is
what `on-error` and `retry` of a manifest look at. Any other exception ends the skill, with kind `trapped`.
"""

import functools

from componentize_py_types import Err
from wit_world.imports import types


class HostError(Exception):
    """Why the host did not do what was asked, or what the skill itself found wrong."""

    #: The kind, as manifests name it.
    kind = "other"
    _case: type

    def __init__(self, message, bound=None, retry=None):
        super().__init__(message)
        #: One sentence for a person.
        self.message = message
        #: The missing grant, or the bound that was hit with its value.
        self.bound = bound
        #: Whether the same call may succeed later, a case of `wit_world.imports.types.Retry`.
        self.retry = types.Retry_Never() if retry is None else retry

    def __str__(self):
        return f"{self.kind}: {self.message}"

    def _fault(self):
        return types.Fault(self.message, self.bound, self.retry)

    def _variant(self):
        return self._case(self._fault())


class Denied(HostError):
    """No grant covers this; `bound` is the line of a manifest that would do."""

    kind, _case = "denied", types.Error_Denied


class NotFound(HostError):
    """What was named does not exist."""

    kind, _case = "not-found", types.Error_NotFound


class Invalid(HostError):
    """The question itself is malformed."""

    kind, _case = "invalid", types.Error_Invalid


class Conflict(HostError):
    """Somebody else changed what this call wanted to change."""

    kind, _case = "conflict", types.Error_Conflict


class LimitHit(HostError):
    """A limit bit; `bound` names it with its value."""

    kind, _case = "limit", types.Error_Limit


class TimedOut(HostError):
    """A deadline passed."""

    kind, _case = "timeout", types.Error_Timeout


class Unavailable(HostError):
    """The service can't answer now."""

    kind, _case = "unavailable", types.Error_Unavailable


class UnknownEffect(HostError):
    """A crash left open whether an earlier effect happened."""

    kind, _case = "unknown-effect", types.Error_UnknownEffect


class Cancelled(HostError):
    """The run was cancelled."""

    kind, _case = "cancelled", types.Error_Cancelled


class Other(HostError):
    """Anything else; `code`, which is the kind too, is for programs."""

    def __init__(self, code, message, bound=None, retry=None):
        super().__init__(message, bound, retry)
        self.code = self.kind = code

    def _variant(self):
        return types.Error_Other(types.OtherFault(self.code, self._fault()))


_KINDS = (
    Denied,
    NotFound,
    Invalid,
    Conflict,
    LimitHit,
    TimedOut,
    Unavailable,
    UnknownEffect,
    Cancelled,
)
_BY_CASE = {kind._case: kind for kind in _KINDS}


def exception(variant):
    """The error of the host as an exception."""
    if isinstance(variant, types.Error_Other):
        fault = variant.value.fault
        return Other(variant.value.code, fault.message, fault.bound, fault.retry)
    fault = variant.value
    return _BY_CASE[type(variant)](fault.message, fault.bound, fault.retry)


def asking(function):
    """The same function of the bindings, with the host's errors as `HostError`."""

    @functools.wraps(function)
    def asked(*arguments):
        try:
            return function(*arguments)
        except Err as error:
            refusal = error.value
        raise exception(refusal)

    return asked


def operation(function):
    """An operation that fails with `error`: it may raise `HostError`, or let those of the host through."""

    @functools.wraps(function)
    def answered(*arguments):
        try:
            return function(*arguments)
        except HostError as error:
            failure = error
        raise Err(failure._variant())

    return answered
