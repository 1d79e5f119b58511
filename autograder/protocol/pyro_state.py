"""Pyro's global state: a request begins with an empty parameter store, and ends with everything as it was found."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator

__all__ = ["own_pyro"]


@contextlib.contextmanager
def own_pyro() -> Iterator[None]:
    """Inside, Pyro's parameter store is empty; outside, store, settings (validation among them) and handlers are what they were.

    What a learner's code leaves in the store reaches no later question, and a check erases nothing in the learner's own notebook. Where
    Pyro has not been imported there is nothing to keep; if it is by the end, it is left as it is when fresh.

    >>> import pyro, torch
    >>> pyro.clear_param_store()
    >>> mine = pyro.param("mine", torch.ones(1))
    >>> with own_pyro():
    ...     other = pyro.param("other", torch.zeros(2))
    ...     pyro.enable_validation(not pyro.settings.get("validate_infer"))
    ...     print(list(pyro.get_param_store()))
    ['other']
    >>> list(pyro.get_param_store()), pyro.param("mine") is mine
    (['mine'], True)
    >>> pyro.clear_param_store()
    """
    found = _found() if "pyro" in sys.modules else None
    try:
        yield
    finally:
        if "pyro" in sys.modules:
            _put_back(found)


def _found() -> tuple[dict[str, object], dict[str, object], list[object]]:
    import pyro
    from pyro.poutine import runtime

    store = pyro.get_param_store()
    state = store.get_state()
    store.clear()
    return dict(state), pyro.settings.get(), list(runtime._PYRO_STACK)


def _put_back(found: tuple[dict[str, object], dict[str, object], list[object]] | None) -> None:
    import pyro
    from pyro.poutine import runtime

    store = pyro.get_param_store()
    store.clear()
    if found is None:
        runtime._PYRO_STACK.clear()
        return
    state, settings, stack = found
    store.set_state(state)  # type: ignore[arg-type]
    if settings != pyro.settings.get():
        pyro.settings.set(**settings)
    runtime._PYRO_STACK[:] = stack  # type: ignore[assignment]
