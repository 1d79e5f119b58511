r"""What generates the data? A model is a joint density :math:`p_\theta(x, z)` and a recipe for drawing from it.

Axes, everywhere in the course: samples first, data in the middle, event last.

=========  ================  =====================================================
``x``      ``(*B, Dx)``      data
``z``      ``(K, *B, D)``    K latent samples per datum
log p      ``(K, *B)``       one number per sample and datum
=========  ================  =====================================================

Where there is no sample axis, z is ``(*B, D)``: *one* latent for each datum, as ``sample`` returns it, and log p is ``(*B)``. So K samples
for K data are ``(K, 1, D)`` or ``(K, K, D)``, never ``(K, D)``: axes are matched from the right, and rows meet rows.

**Local** latents belong to one datum each: sample k of datum b is ``z[k, b]``. **Global** latents (``local = False``) are
shared by all the data: x is ``(N, Dx)``, z is ``(K, *B, D)`` where B counts replicates, not data, and the likelihood sums
over the N rows. The two are never paired silently.

What a model draws, and its ``prior()``, have the dtype and the device of the model, which ``model.double()`` and ``model.to(device)``
change as for any module, also where it has no parameters. Its densities follow x and z.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any, Self, cast

import torch
from torch import Tensor, nn
from torch.distributions import Distribution

from course_vi import validate
from course_vi.models.one_hot import indices_of, is_hard, relaxed_log_joint
from course_vi.nets import first_parameter

__all__ = ["Model"]

EXACT = (
    "log_evidence",
    "posterior",
    "posterior_moments",
    "responsibilities",
    "marginals",
    "most_likely",
)


class Model(nn.Module):
    """A joint density with named factors. Subclasses give ``prior`` and ``likelihood``, or ``log_factors`` itself.

    A tractable model also has ``log_evidence(x)`` and ``posterior(x)``: the oracle lives with the model. What ``fit`` is to learn is an
    ``nn.Parameter`` of the model. Nothing else is needed to fit it; ``diagnostics.check_model`` looks a model over.

    Attributes:
        latent_dim: D, the size of the latent event (layered latents are one event vector that the model splits).
        data_dim: Dx, the size of a datum.
        local: whether every datum has latents of its own.
        num_data: N, for global latents whose data come in minibatches; None if x is all of them.
        replicable: whether the parameters may carry a batch axis of replicates in front.
        shown: attributes that ``print`` shows besides these.

    >>> from torch.distributions import Normal
    >>> class Location(Model):                          # z ~ N(0, 1), x_i ~ N(z, 1) for i = 1, 2, 3: one datum of three numbers
    ...     latent_dim, data_dim = 1, 3
    ...     def log_factors(self, x, z):                # x: (*B, 3), z: (K, *B, 1); each factor (K, *B)
    ...         return {"prior": Normal(0.0, 1.0).log_prob(z).sum(-1), "likelihood": Normal(z, 1.0).log_prob(x).sum(-1)}
    >>> p = Location()
    >>> p.log_joint(torch.ones(5, 3), torch.zeros(7, 5, 1)).shape
    torch.Size([7, 5])
    """

    latent_dim: int = cast(int, validate.Unsaid())
    data_dim: int = cast(int, validate.Unsaid())
    local: bool = True
    num_data: int | None = None
    replicable: bool = False
    unit: Tensor
    shown: tuple[str, ...] = ()

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Exact answers refuse data that the model's ``check`` refuses, in every model alike."""
        super().__init_subclass__(**kwargs)
        for name in EXACT:
            if name in vars(cls):
                setattr(cls, name, _checked(vars(cls)[name]))

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        """A model whose ``__init__`` forgets ``super().__init__()`` is a module all the same."""
        model: Self = super().__new__(cls)
        Model.__init__(model)
        return model

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer(
            "unit", torch.ones(()), persistent=False
        )  # a model without parameters has a dtype and a device too

    def extra_repr(self) -> str:
        """What ``print`` shows besides networks: sizes, and whether the latents are global."""
        sizes = [f"{name}={self._said(name)}" for name in ("data_dim", "latent_dim", *self.shown)]
        return ", ".join(sizes if self.local else [*sizes, "global latents"])

    def _said(self, name: str) -> object:
        try:
            return getattr(self, name, "?")
        except NotImplementedError:
            return "?"

    def prior(self) -> Distribution:
        """p(z), with events of size D."""
        raise NotImplementedError(
            f"{type(self).__name__} does not name a prior; expected prior() and likelihood(z), or log_factors(x, z) in their place"
        )

    def likelihood(self, z: Tensor) -> Distribution:
        """p(x | z) for ``z: (K, *B, D)``, with events of size Dx."""
        raise NotImplementedError(
            f"{type(self).__name__} does not name a likelihood; expected prior() and likelihood(z), or log_factors(x, z) in their place"
        )

    def log_factors(self, x: Tensor, z: Tensor) -> dict[str, Tensor]:
        """The factors of the joint by name, each ``(K, *B)``; they add up to ``log_joint``."""
        likelihood, scale = self.likelihood(z).log_prob(x), self.likelihood_scale(x)
        return {
            "prior": self.prior().log_prob(z),
            "likelihood": likelihood if scale == 1.0 else scale * likelihood,
        }

    def log_joint(self, x: Tensor, z: Tensor) -> Tensor:
        """log p(x, z), ``(K, *B)``.

        A model whose latents are whole numbers takes them one-hot too, hard or soft: see ``models.one_hot``.

        Raises:
            ValueError: the last axis of x or z has the wrong size, or they are on different devices.
        """
        validate.event_size("x", x, self.data_dim)
        one_hot = self.takes_one_hot(z)
        if not one_hot:
            validate.event_size("z", z, self.latent_dim)
        validate.same_place("x", x, "z", z)
        self.same_place("x", x)
        if one_hot:
            if not is_hard(z):
                return relaxed_log_joint(self, x, z, self.categories)
            z = indices_of(z, self.categories)
        named = self.log_factors(x, z)
        if not isinstance(named, dict):
            raise TypeError(
                f"log_factors of {type(self).__name__} gave a {type(named).__name__}; expected a dict of tensors by name, "
                'such as {"prior": ..., "likelihood": ...}'
            )
        factors = list(named.values())
        return sum(factors[1:], start=factors[0])

    @property
    def categories(self) -> tuple[int, ...]:
        """How many values each latent takes, where they are whole numbers; () where they are real.

        A model says so by an attribute ``clusters`` or ``states``, the same number for each, or by its own ``categories``; a 1 in
        it stands for a real latent among whole ones.
        """
        for name in ("clusters", "states"):
            count = getattr(self, name, None)
            if isinstance(count, int):
                return (count,) * self.latent_dim
        return ()

    def takes_one_hot(self, z: Tensor) -> bool:
        """Whether z ``(*B, D)`` has the size of this model's latents written one-hot, and not that of the latents themselves."""
        size = z.shape[-1] if isinstance(z, Tensor) and z.dim() else 0
        return size != self.latent_dim and size > 1 and size == sum(self.categories)

    def indices_of(self, z: Tensor) -> Tensor:
        """z as this model's factors read it: one-hot vectors as whole numbers, anything else as it is."""
        return indices_of(z, self.categories) if self.takes_one_hot(z) else z

    def sample(self, n: int, generator: torch.Generator | None = None) -> tuple[Tensor, Tensor]:
        """Ancestral sampling: ``(x, z)`` with n rows each."""
        raise NotImplementedError(f"{type(self).__name__} does not say how to draw from it")

    def log_evidence(self, x: Tensor) -> Tensor:
        """log p(x), ``(*B)``, exact."""
        raise NotImplementedError(
            f"the evidence of {type(self).__name__} has no closed form; bound it"
        )

    def posterior(self, x: Tensor) -> Distribution:
        """p(z | x), exact."""
        raise NotImplementedError(
            f"the posterior of {type(self).__name__} has no closed form; approximate it"
        )

    def check(self, x: Tensor) -> None:
        """Refuse data that the model cannot have made: what ``fit`` and every exact answer ask once, before they compute.

        Here: the size of a datum, its device, NaN and infinity. A model with a narrower support (bits, labels, symbols) overrides it,
        and calls it too; one with a wider (NaN for what is missing) replaces it.

        Raises:
            TypeError: x is no tensor.
            ValueError: anything else; the message names the argument, what it was and what was expected.
        """
        validate.event_size("x", x, self.data_dim)
        self.same_place("x", x)
        validate.finite("x", x)

    def same_place(self, name: str, value: Tensor) -> None:
        """Refuse a tensor that is not where the parameters are, or the buffers. (A model without any is wherever the data are.)"""
        parameter = first_parameter(self)
        if parameter is None:
            parameter = next(
                (buffer for key, buffer in self.named_buffers() if key != "unit"), None
            )
        if parameter is not None:
            validate.same_place(name, value, f"the parameters of {type(self).__name__}", parameter)

    def explain(self, error: RuntimeError, **tensors: Tensor) -> None:
        """After an error of torch: name the argument whose dtype is not that of the parameters, if one is."""
        parameter = first_parameter(self)
        for name, value in tensors.items():
            if parameter is not None and value.dtype != parameter.dtype:
                raise ValueError(
                    f"{name} has dtype {value.dtype}; expected {parameter.dtype}, that of the parameters of {type(self).__name__}"
                ) from error

    def likelihood_scale(self, x: Tensor) -> float:
        """The factor by which the likelihood of the rows in x is multiplied: 1, but N/B for a minibatch of global latents."""
        return 1.0 if self.local or self.num_data is None else self.num_data / x.shape[0]


def _checked(method: Callable[..., Any]) -> Callable[..., Any]:
    takes_seen = "seen" in inspect.signature(method).parameters

    @functools.wraps(method)
    def checked(self: Model, x: Tensor, *args: Any, **kwargs: Any) -> Any:
        if args or kwargs:  # what else is said (which entries were seen) may excuse some of them
            validate.event_size("x", x, self.data_dim)
            self.same_place("x", x)
        else:
            try:
                self.check(x)
            except ValueError as error:
                if takes_seen and not x.is_meta and bool(x.isnan().any()):
                    raise ValueError(f"{error}, or seen=~x.isnan() for what is missing") from None
                raise
        try:
            return method(self, x, *args, **kwargs)
        except RuntimeError as error:
            self.explain(error, x=x)
            raise

    return checked
