r"""EM: two climbs of one function, taken in turn.

.. math:: F(q, \theta) = \mathbb E_q[\log p_\theta(x, z) - \log q(z)] = \log p_\theta(x) - \mathrm{KL}(q(z) \,\|\, p_\theta(z \mid x))

The E-step climbs F in q (all the way: q becomes the posterior, and F the log evidence), the M-step in theta. So F can only rise, and a
step in which it falls has a bug: the cheapest test there is.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from course_vi import validate
from course_vi.models.tractable.bernoulli_mixture import BernoulliMixture
from course_vi.models.tractable.gaussian_mixture import GaussianMixture

Mixture = GaussianMixture | BernoulliMixture

__all__ = ["EM", "e_step", "em", "free_energy", "hard_e_step", "m_step"]


class EM(NamedTuple):
    """What happened.

    Attributes:
        responsibilities: the last q, ``(N, C)``.
        free_energy: F after each half step, ``(2 * steps,)``: E, M, E, M, ... It never falls.
    """

    responsibilities: Tensor
    free_energy: Tensor


def free_energy(p: Mixture, x: Tensor, q: Tensor) -> Tensor:
    r"""F, a number: the sum over data of :math:`\sum_c q_{nc} (\log p(x_n, c) - \log q_{nc})`.

    Args:
        x: data, ``(N, Dx)``.
        q: responsibilities ``(N, C)``, each row a distribution over clusters.

    >>> mixture = GaussianMixture(torch.tensor([0.5, 0.5]), torch.tensor([[-1.0], [1.0]]), torch.ones(2, 1, 1))
    >>> x = torch.tensor([[0.3], [-2.0]])
    >>> torch.allclose(free_energy(mixture, x, e_step(mixture, x)), mixture.log_evidence(x).sum())      # the bound is tight
    True
    """
    log_joint = p.log_joint_all(x)
    if q.shape != log_joint.shape:
        raise ValueError(
            f"q has shape {tuple(q.shape)}; expected {tuple(log_joint.shape)}, a row of responsibilities for each datum"
        )
    return (
        torch.where(q > 0, q * log_joint, torch.zeros_like(q)).sum() + torch.special.entr(q).sum()
    )


def e_step(p: Mixture, x: Tensor) -> Tensor:
    r"""The q that makes F largest: the posterior, :math:`q_{nc} = p(z = c \mid x_n)`, ``(N, C)``."""
    with torch.no_grad():
        return p.responsibilities(x)


def hard_e_step(p: Mixture, x: Tensor) -> Tensor:
    """The best q *among those that put each datum into one cluster*: a constrained E-step.

    F still never falls, but it stays below the log evidence: what climbs is the likelihood of data and labels together, and with equal
    weights and equal round covariances the algorithm is k-means.
    """
    with torch.no_grad():
        joint = p.log_joint_all(x)
        return torch.nn.functional.one_hot(joint.argmax(-1), p.clusters).to(joint)


def m_step(p: Mixture, x: Tensor, q: Tensor) -> None:
    r"""Move theta, in place, to where F is largest for this q. With :math:`N_c = \sum_n q_{nc}`:

    .. math:: \pi_c = \frac{N_c}{N}, \qquad \mu_c = \frac{1}{N_c} \sum_n q_{nc} x_n, \qquad
              \Sigma_c = \frac{1}{N_c} \sum_n q_{nc} (x_n - \mu_c)(x_n - \mu_c)^\top

    A ``BernoulliMixture`` has probabilities :math:`p_c = \mu_c`, moved to its floor where they are beyond it (which is the maximum over all
    that the floor allows), and no covariance.

    Raises:
        ValueError: a cluster that explains nothing, or that has collapsed onto too few data to have a covariance: there F has no maximum.
    """
    with torch.no_grad():
        counts = q.sum(0)
        if not bool((counts > 0).all()):
            raise ValueError(
                f"cluster {int(counts.argmin())} explains no datum; expected every cluster to. Start elsewhere, or with fewer"
            )
        locs = (q.mT @ x) / counts.unsqueeze(-1)
        p.logits.copy_((counts / counts.sum()).log())
        if isinstance(p, BernoulliMixture):
            p.pixel_logits.copy_(p.safe_logits(locs.clamp(0, 1)))
            return
        off = x.unsqueeze(1) - locs  # (N, C, Dx)
        covariances = torch.einsum("nc,nci,ncj->cij", q / counts, off, off)
        roots, failed = torch.linalg.cholesky_ex(covariances)
        bad = failed.bool() | _within_rounding(covariances, roots, x)
        if bool(bad.any()):
            raise ValueError(
                f"cluster {int(bad.long().argmax())} has collapsed: its {float(counts[bad.long().argmax()]):.3g} data have no "
                "covariance of full rank, and the likelihood no maximum. Start elsewhere, or with fewer clusters"
            )
        p.locs.copy_(locs)
        p.roots.copy_(roots)


def _within_rounding(covariances: Tensor, roots: Tensor, x: Tensor) -> Tensor:
    """Which clusters are so narrow in a direction that their spread there is rounding error, ``(C,)``.

    They are as good as singular: what is left of their likelihood is noise, and F seems to fall.
    """
    eps, variances = torch.finfo(x.dtype).eps, covariances.diagonal(dim1=-2, dim2=-1)
    spread = roots.diagonal(dim1=-2, dim2=-1)
    tied = variances.sqrt() < 1e2 * eps * x.abs().amax(0)
    return (tied | (spread.square() < 1e2 * eps * variances)).any(-1)


def em(
    p: Mixture,
    x: Tensor,
    steps: int = 100,
    tolerance: float = 0.0,
    expectation: Callable[[Mixture, Tensor], Tensor] = e_step,
) -> EM:
    r"""Alternate E and M. The parameters of p are moved in place; where they start decides which maximum is found.

    Args:
        p: a ``GaussianMixture`` or a ``BernoulliMixture``.
        x: data, ``(N, Dx)``.
        steps: pairs of an E-step and an M-step, at most.
        tolerance: stop when a pair raises F by no more than this many nats for each datum.
        expectation: the E-step; ``e_step`` or ``hard_e_step``, or any function ``(p, x) -> (N, C)`` that returns the best q of a smaller
            set, for instance of a parametric one.

    Returns:
        ``EM(responsibilities, free_energy)``.

    Raises:
        ValueError: NaN in x; a cluster that collapses or explains nothing.
        RuntimeError: F fell: the E-step that was given does not climb.

    Source: Dempster, Laird and Rubin, 1977; Neal and Hinton, "A view of the EM algorithm that justifies incremental, sparse, and other
    variants", 1998.

    >>> x = torch.tensor([[-2.1], [-1.9], [-2.0], [1.8], [2.3]])
    >>> mixture = GaussianMixture(torch.tensor([0.5, 0.5]), torch.tensor([[-1.0], [1.0]]), torch.ones(2, 1, 1))
    >>> found = em(mixture, x, steps=20)
    >>> mixture.locs.detach()
    tensor([[-2.0000],
            [ 2.0500]])
    >>> bool((found.free_energy.diff() > -1e-4).all())
    True
    """
    validate.positive_integer("steps", steps)
    if not isinstance(p, GaussianMixture | BernoulliMixture):
        raise TypeError(
            f"p is a {type(p).__name__}; expected a GaussianMixture or a BernoulliMixture, whose two steps are closed formulas"
        )
    validate.instance("x", x, Tensor)
    if x.dim() != 2 or x.shape[0] == 0:
        raise ValueError(
            f"x has shape {tuple(x.shape)}; expected (N, {p.data_dim}) with at least one row"
        )
    p.same_place("x", x)
    trace: list[Tensor] = []
    for _ in range(steps):
        q = expectation(p, x)
        _record(trace, p, x, q, "E-step")
        m_step(p, x, q)
        _record(trace, p, x, q, "M-step")
        if len(trace) > 2 and float(trace[-1] - trace[-3]) <= tolerance * len(x):
            break
    return EM(q, torch.stack(trace))


def _record(trace: list[Tensor], p: Mixture, x: Tensor, q: Tensor, name: str) -> None:
    with torch.no_grad():
        value = free_energy(p, x, q)
    slack = 1e3 * torch.finfo(value.dtype).eps * (1 + float(value.abs()) + x.numel())
    if trace and not float(value) >= float(trace[-1]) - slack:
        raise RuntimeError(
            f"the {name} took F from {float(trace[-1]):.6g} to {float(value):.6g}; expected it never to fall"
        )
    trace.append(value)
