r"""Rao-Blackwellization: reward each latent for the factors that it takes part in, and for no others.

.. math:: \log p(x, z) = \sum_a f_a(x, z_{S_a}), \qquad q(z) = \prod_i q_i(z_i), \qquad
          \hat g_{\phi_i} = \frac1K \sum_k \nabla \log q_i(z_{k,i})
          \Big(\sum_{a:\, i \in S_a} f_a(x, z_k) - \log q_i(z_{k,i})\Big)

The factors that contain :math:`z_i` make up its Markov blanket. The others do not depend on :math:`z_i`, nor does their weight under q:
times a score of mean zero they average to nothing, and can go. What goes is a random variable *times the score*; mostly that is
noise, but it can also be what cancels the noise of the factors that stay, as a baseline does. Then the variance *rises*.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid

from course_vi import validate
from course_vi.bounds import elbo
from course_vi.distributions import BernoulliVector, Density, DiagonalNormal, OneHotVector
from course_vi.families.base import Family
from course_vi.gradients.baselines import leave_one_out
from course_vi.gradients.bound_structure import Bound, bound_name, is_linear
from course_vi.gradients.estimator import as_surrogate, sample
from course_vi.graph.model import NetModel
from course_vi.models.base import Model

__all__ = ["factor_scopes", "rao_blackwellized"]

Scopes = Mapping[str, Sequence[int]]


@runtime_checkable
class Scoped(Protocol):
    """A model that says which entries of z its factors read."""

    def factor_scopes(self) -> Scopes:
        """``{factor: entries}``."""


def factor_scopes(p: Model) -> dict[str, tuple[int, ...]]:
    r"""Which entries of z each named factor reads, :math:`S_a`: ``{factor: entries}``.

    A model made from a graph knows: node v's factor reads v and its parents. For a model that splits z by hand, give it a method
    ``factor_scopes()``, or hand the scopes to ``rao_blackwellized``.

    >>> from torch.distributions import Normal
    >>> from course_vi.graph import BayesNet
    >>> net = BayesNet(a=lambda: Normal(0.0, 1.0), b=lambda a: Normal(a, 1.0), x=lambda b: Normal(b, 1.0))
    >>> factor_scopes(net.as_model(observed=["x"], latent=["a", "b"]))
    {'a': (0,), 'b': (0, 1), 'x': (1,)}
    """
    if isinstance(p, Scoped):
        return {name: tuple(scope) for name, scope in p.factor_scopes().items()}
    raise TypeError(
        f"p is a {type(p).__name__}, which does not say what its factors read; expected a model made from a graph, one with a "
        "method factor_scopes(), or scopes={factor: entries of z}"
    )


def rao_blackwellized(
    p: Model,
    q: Family,
    x: Tensor,
    num_samples: int = 1,
    bound: Bound = elbo,
    generator: torch.Generator | None = None,
    noise: Tensor | None = None,
    baseline: str = "none",
    scopes: Scopes | None = None,
) -> Tensor:
    r"""The score function with a reward of its own for every latent: the formula above.

    Theta gets the gradient of the bound itself. Unbiased. The variance is *usually* smaller than that of ``score_function``: it no longer
    grows with the number of latents that have nothing to do with :math:`z_i`. Not always (see the tests for a case where it rises).

    Args:
        p: a model with named factors; see ``factor_scopes``. One made from a graph has its plates taken apart: each copy in a plate is
            rewarded for its own copies of the factors (``NetModel.local_factors``).
        q: a family whose coordinates are independent: ``BernoulliMeanField``, ``CategoricalMeanField`` (a variable is one latent, with
            its C entries of z), ``MeanField``, or ``Amortized`` over one of them.
        x, num_samples, generator, noise: as in ``score_function``.
        bound: linear in the log weights, that is the ELBO: any other couples the factors.
        baseline: ``"none"``, or ``"leave_one_out"``: the mean reward of the *other* samples, for each latent its own.
        scopes: ``{factor: entries of z}``, where the model does not know.

    Returns:
        ``(*B)``: its value is the bound, its gradient is the estimate.

    Raises:
        TypeError: a family whose coordinates depend on each other; a model that does not know its scopes.
        ValueError: a bound that is not linear; scopes that name other factors than the model, or entries that z has not; a baseline of
            one sample.

    Source: Ranganath, Gerrish and Blei, "Black box variational inference", AISTATS 2014, section 3.1.

    >>> from course_vi.families import BernoulliMeanField
    >>> from course_vi.models import SigmoidBeliefNet
    >>> p, q = SigmoidBeliefNet((3, 2, 1)), BernoulliMeanField(3)
    >>> factor_scopes(p)
    {'x': (0, 1), 'z1': (0, 1, 2), 'z2': (2,)}
    >>> rao_blackwellized(p, q, torch.zeros(5, 3), num_samples=4).shape
    torch.Size([5])
    """
    validate.one_of("baseline", baseline, ("none", "leave_one_out"))
    if not is_linear(bound, num_samples):
        raise ValueError(
            f"bound is {bound_name(bound)}; expected bounds.elbo: in a bound that is not linear "
            "every factor meets every other"
        )
    if baseline == "leave_one_out" and num_samples < 2:
        raise ValueError(
            f"baseline is 'leave_one_out' with num_samples = {num_samples}; expected two samples or more"
        )
    density, z = sample(p, q, x, num_samples, bound, generator, noise)
    log_each, width = _each(density, z)  # (K, *B, latents)
    drawn, z = z, p.indices_of(z)
    if z is not drawn:
        width = 1  # the model reads one number for each variable
    if isinstance(p, NetModel) and scopes is None:
        factors, reads = p.local_factors(x, z)  # (K, *B, F) and (F, D)
        log_p = factors.sum(-1)
    else:
        named = p.log_factors(x, z)
        reads = _mask(factor_scopes(p) if scopes is None else scopes, named, z)
        factors = torch.stack([value.expand(z.shape[:-1]) for value in named.values()], -1)
        log_p = sum(
            list(named.values())[1:], start=next(iter(named.values()))
        )  # in log_joint's order, to the last digit
    blankets = reads.unflatten(-1, (-1, width)).amax(-1)  # (F, latents)
    reward = factors.detach() @ blankets - log_each.detach()
    if baseline == "leave_one_out":
        reward = reward - leave_one_out(reward)
    surrogate = (reward * log_each).sum(-1) + log_p
    return as_surrogate(bound(log_p - density.log_prob(drawn)), surrogate.mean(0))


def _each(density: Density, z: Tensor) -> tuple[Tensor, int]:
    """log q_i of every latent ``(K, *B, latents)``, and how many entries of z make up one latent."""
    if isinstance(density, BernoulliVector):
        return z * density.logits + logsigmoid(-density.logits), 1
    if isinstance(density, OneHotVector):
        categories = density.logits.shape[-1]
        return (z.unflatten(-1, (-1, categories)) * density.log_probs).sum(-1), categories
    if isinstance(density, DiagonalNormal):
        split = DiagonalNormal(density.loc.unsqueeze(-1), density.log_scale.unsqueeze(-1))
        return split.log_prob(z.unsqueeze(-1)), 1
    raise TypeError(
        f"q gives a {type(density).__name__}; expected independent coordinates, of which each has a density of its own: "
        "BernoulliMeanField, CategoricalMeanField or MeanField, or Amortized over one of them"
    )


def _mask(scopes: Scopes, factors: Mapping[str, Tensor], z: Tensor) -> Tensor:
    """Zeros and ones, ``(F, D)``: which factor reads which entry of z."""
    dim = z.shape[-1]
    if set(scopes) != set(factors):
        raise ValueError(
            f"scopes names {', '.join(sorted(scopes))}; expected the factors of p, {', '.join(sorted(factors))}"
        )
    mask = z.new_zeros(len(factors), dim)
    for row, name in zip(mask, factors, strict=True):
        entries = list(scopes[name])
        if any(not 0 <= entry < dim for entry in entries):
            raise ValueError(
                f"scopes[{name!r}] is {tuple(entries)}; expected entries of z, from 0 to {dim - 1}"
            )
        row[entries] = 1.0
    return mask
