"""What is refused of the arguments of a fit before anything is made of them: one sentence for each."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from course_vi import validate
from course_vi.families.base import Family
from course_vi.models.base import Model
from course_vi.nets import first_parameter, refuse_noisy_layers

__all__ = ["made_of", "place_of", "refuse_arguments", "refuse_noise", "refuse_other_run"]


def refuse_arguments(p: Any, q: Any, **options: Any) -> None:
    """Refuse a p that is no model, a q that is no family, and options of the wrong kind, by the names of the arguments.

    Args:
        options: of those that ``fit`` takes, ``learning_rate``, ``seed``, ``device``, ``max_norm``, ``average_from`` and callables.

    Raises:
        TypeError, ValueError: the first that is wrong.

    >>> from course_vi.families import MeanField
    >>> from course_vi.models import ConjugateToy
    >>> refuse_arguments(ConjugateToy, MeanField(1))
    Traceback (most recent call last):
    ...
    TypeError: p is the class ConjugateToy; expected a Model
    """
    net = ", which a BayesNet gives as net.as_model(observed=[...], latent=[...])"
    validate.instance("p", p, Model, net if hasattr(p, "as_model") else "")
    validate.instance("q", q, Family, " of course_vi.families, or your own subclass")
    for name, value in options.items():
        if value is None and name not in ("seed", "learning_rate"):
            continue
        if name == "device":
            validate.device(name, value)
        elif name in ("learning_rate", "max_norm"):
            validate.positive_number(name, value)
        elif name in ("seed", "average_from"):
            _whole(name, value)
        elif not callable(value):
            raise TypeError(f"{name} is {value!r}; expected {CALLABLES[name]}")


CALLABLES = {
    "estimator": "one of course_vi.gradients, or a function with the same arguments",
    "bound": "one of course_vi.bounds, or a function from log weights (K, *B) to (*B)",
    "optimizer": "a function from parameters to an optimizer, such as torch.optim.SGD or lambda w: torch.optim.SGD(w, 0.1)",
    "schedule": "a function from an optimizer to a schedule",
    "callback": "a function of the step and the bound",
}


def _whole(name: str, value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{name} is {value!r}; expected a whole number")
    if value < 0:
        raise ValueError(f"{name} is {value}; expected a whole number, 0 or more")


def place_of(q: Family) -> Tensor:
    """A parameter of q: where everything is computed, and in which dtype.

    Raises:
        ValueError: q has none.
    """
    like = first_parameter(q)
    if like is None:
        raise ValueError(
            f"q is a {type(q).__name__} without a parameter; expected one or more that are learned: self.loc = nn.Parameter(...)"
        )
    return like


def refuse_noise(p: Model, q: Family) -> None:
    """Refuse dropout and batch normalization in p or q, whose density would be another function at every call."""
    for name, module in (("p", p), ("q", q)):
        refuse_noisy_layers(module, name)


def made_of(**arguments: Any) -> dict[str, str]:
    """The arguments of a run as text, to be kept with its state: a function or class by its name, an object by that of its type.

    >>> made_of(bound=place_of, num_samples=3)
    {'bound': 'place_of', 'num_samples': '3'}
    """
    plain = (int, float, str, type(None))
    return {
        name: str(value)
        if isinstance(value, plain)
        else getattr(value, "__name__", type(value).__name__)
        for name, value in arguments.items()
    }


def refuse_other_run(here: dict[str, str], there: dict[str, str]) -> None:
    """A state goes on only in a run that was made with the same arguments.

    Raises:
        ValueError: one of them is another; it names the argument.
    """
    for name, value in here.items():
        if name in there and there[name] != value:
            raise ValueError(
                f"the state is that of a run with {name} {there[name]}, and this one has {value}; expected the same arguments"
            )
