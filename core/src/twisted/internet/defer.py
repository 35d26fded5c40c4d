"""
Results that are not there yet, and code that waits for them.

See `Deferred`; `inlineCallbacks` and `ensureDeferred` for functions that wait; `gatherResults`,
`race` and `DeferredList` for several at once; `DeferredLock`, `DeferredSemaphore` and
`DeferredQueue`.
"""

from __future__ import annotations

from twisted.internet import _aggregate, _deferred, _deferredcalls, _locks
from twisted.internet._aggregate import (
    FAILURE,
    SUCCESS,
    DeferredList,
    FailureGroup,
    FirstError,
    _DeferredListResultListT,  # noqa: F401  (programs annotate with it)
    _DeferredListSingleResultT,  # noqa: F401  (programs annotate with it)
    gatherResults,
    race,
)
from twisted.internet._deferred import (
    _T,  # noqa: F401  (programs annotate with it)
    AlreadyCalledError,
    CancelledError,
    DebugInfo,
    Deferred,
    NotACoroutineError,
    TimeoutError,
    _DefGen_Return,  # noqa: F401  (programs use it)
    _failthru,  # noqa: F401  (programs use it)
    fail,
    getDebugging,
    inlineCallbacks,
    passthru,
    returnValue,
    setDebugging,
    succeed,
)
from twisted.internet._deferredcalls import (
    ensureDeferred,
    execute,
    logError,
    maybeDeferred,
    timeoutDeferred,
)
from twisted.internet._locks import (
    AlreadyTryingToLockError,
    DeferredFilesystemLock,
    DeferredLock,
    DeferredQueue,
    DeferredSemaphore,
    QueueOverflow,
    QueueUnderflow,
)
from twisted.python.failure import Failure  # noqa: F401  (programs import it from here)

__all__ = [
    "Deferred",
    "DeferredList",
    "succeed",
    "fail",
    "FAILURE",
    "SUCCESS",
    "AlreadyCalledError",
    "TimeoutError",
    "CancelledError",
    "FirstError",
    "FailureGroup",
    "NotACoroutineError",
    "DebugInfo",
    "gatherResults",
    "race",
    "maybeDeferred",
    "execute",
    "ensureDeferred",
    "inlineCallbacks",
    "returnValue",
    "DeferredLock",
    "DeferredSemaphore",
    "DeferredQueue",
    "QueueOverflow",
    "QueueUnderflow",
    "DeferredFilesystemLock",
    "AlreadyTryingToLockError",
    "setDebugging",
    "getDebugging",
    "passthru",
    "timeoutDeferred",
    "logError",
]

for _module in (_deferred, _deferredcalls, _aggregate, _locks):
    for _name in [*__all__, "_DefGen_Return", "_failthru"]:
        _value = getattr(_module, _name, None)
        if getattr(_value, "__module__", None) == _module.__name__:
            _value.__module__ = __name__
del _module, _name, _value
