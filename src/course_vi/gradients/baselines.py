r"""Baselines: what to subtract from the reward, so that the score function is less noisy and no less right.

.. math:: \mathbb E_q\big[(f(z_k) - b_k)\, \nabla_\phi \log q_\phi(z_k)\big] = \nabla_\phi \mathbb E_q f
   \qquad\text{for every } b_k \text{ that does not depend on } z_k

Each baseline here keeps that promise in its own way: it reads the *other* samples, or *earlier* ones, or the datum alone.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from course_vi.bounds import elbo
from course_vi.families.base import Family
from course_vi.gradients.bound_structure import Bound, first_weights, is_linear, weighted_sum
from course_vi.gradients.estimator import as_surrogate, log_joint, sample
from course_vi.models.base import Model

__all__ = ["LearnedBaseline", "RunningMean", "leave_one_out", "optimal_constant", "score_surrogate"]


def score_surrogate(
    bound: Bound, log_w: Tensor, log_q: Tensor, linear: bool, baseline: Tensor | float = 0.0
) -> Tensor:
    r"""The score function with a given baseline, as a surrogate ``(*B)``.

    Args:
        log_w, log_q: ``(K, *B)``, attached; the samples are not.
        linear: whether the bound is linear: then each sample has its own reward, else they share one, the bound.
        baseline: constant in phi; broadcasts over ``(K, *B)`` if linear, over ``(*B)`` if not.
    """
    first = first_weights(bound, log_w)
    reward = (
        first * (log_w.detach() - baseline)
        if linear
        else (bound(log_w.detach()) - baseline).expand_as(log_w)
    )
    # For phi, first * log_w contributes -first * score: mean zero for a linear bound, a needed term for any other.
    direct = weighted_sum(first, log_w + log_q if linear else log_w)
    return as_surrogate(bound(log_w), (reward * log_q).sum(0) + direct)


def leave_one_out(values: Tensor) -> Tensor:
    """The mean of the other K - 1 values, ``(K, *B)``: independent of sample k.

    >>> leave_one_out(torch.tensor([1.0, 2.0, 6.0]))
    tensor([4.0000, 3.5000, 1.5000])
    """
    return _others(values) / (values.shape[0] - 1)


def optimal_constant(q: Family, x: Tensor, z: Tensor, rewards: Tensor) -> Tensor:
    r"""The score function with the best constant baseline of each coordinate, estimated from the other samples: a surrogate ``(*B)``.

    .. math:: b^*_i = \frac{\mathbb E[f\, s_i^2]}{\mathbb E[s_i^2]}, \qquad
              b_{k,i} = \frac{\sum_{j \ne k} f_j\, s_{j,i}^2}{\sum_{j \ne k} s_{j,i}^2}, \qquad
              \hat g_i = \frac1K \sum_k (f_k - b_{k,i})\, s_{k,i}

    where :math:`s_{k,i}` is the score of sample k in coordinate i of the distribution parameters (means, log scales,
    logits): for those b* is the constant of least variance. An encoder behind them gets its gradient by the chain rule.

    b_{k,i} reads all samples but k, so the estimate is **unbiased**; put the same ratio over *all* samples in its place, and it is not.
    Estimating one constant for each coordinate costs variance, a share of order 1/K: with K = 2 the ratio is the other reward, and this is
    leave-one-out; on the quadratic of the tests the two are equally good near K = 30, and beyond it this one is better.

    Args:
        z: samples, ``(K, *B, D)``.
        rewards: f, ``(K, *B)``, without a graph.
    """
    parameters = q.distribution_parameters(x)
    batch = z.shape[:-1]
    with torch.enable_grad():
        copies = {
            name: value.detach().expand(*batch, *_event(q, name, value)).requires_grad_()
            for name, value in parameters.items()
        }
        scores = torch.autograd.grad(
            q.from_parameters(**copies).log_prob(z).sum(), list(copies.values())
        )
    total = torch.zeros_like(rewards[0])
    for (name, value), score in zip(parameters.items(), scores, strict=True):
        event = _event(q, name, value)
        reward = rewards.reshape(*batch, *(1,) * len(event))
        weight = score.square()
        known = _others(weight)
        best = torch.where(known > 0, _others(reward * weight) / known, leave_one_out(reward))
        gradient = ((reward - best) * score).mean(0)
        total = total + (gradient * value.expand_as(gradient)).flatten(len(batch) - 1).sum(-1)
    return total


class RunningMean(nn.Module):
    r"""The score function with the mean of *earlier* rewards as its baseline: an estimator with a memory.

    .. math:: \bar f_t \propto \sum_{s \le t} \gamma^{t-s} f_s, \qquad b_t = \bar f_{t-1}

    where f is the mean log weight of a call (for a bound that is not linear, the bound), averaged over its batch: one number for
    all data. Samples of this call are not in it, so the estimate is unbiased; the first call has no baseline. The memory learns
    in ``train()`` mode and stands still in ``eval()`` mode. Keep one for each objective.

    Args:
        decay: :math:`\gamma`, in [0, 1).

    Called like every estimator; see ``score_function`` for arguments, value and refusals.

    Source: Mnih and Gregor, "Neural variational inference and learning in belief networks", ICML 2014.

    >>> from course_vi.families import BernoulliMeanField
    >>> from course_vi.models import SigmoidBeliefNet
    >>> model, q, x = SigmoidBeliefNet((3, 2)), BernoulliMeanField(2), torch.zeros(3)
    >>> estimator = RunningMean(decay=0.9)
    >>> values = [estimator(model, q, x, num_samples=4).item() for _ in range(2)]
    >>> bool((estimator.baseline() - (0.9 * values[0] + values[1]) / 1.9).abs() < 1e-5)
    True
    """

    memory: Tensor
    weight: Tensor

    def __init__(self, decay: float = 0.9) -> None:
        super().__init__()
        if not 0.0 <= decay < 1.0:
            raise ValueError(f"decay is {decay}; expected a number in [0, 1)")
        self.decay = decay
        self.register_buffer("memory", torch.zeros((), dtype=torch.float64))
        self.register_buffer("weight", torch.zeros((), dtype=torch.float64))

    def baseline(self) -> Tensor:
        """b, a number: the weighted mean of what was seen, 0 if nothing was."""
        return torch.where(
            self.weight > 0,
            self.memory / self.weight.clamp_min(1e-300),
            torch.zeros_like(self.memory),
        )

    def forward(
        self,
        p: Model,
        q: Family,
        x: Tensor,
        num_samples: int = 1,
        bound: Bound = elbo,
        generator: torch.Generator | None = None,
        noise: Tensor | None = None,
    ) -> Tensor:
        linear = is_linear(bound, num_samples)
        density, z = sample(p, q, x, num_samples, bound, generator, noise)
        log_q = density.log_prob(z)
        log_w = log_joint(p, x, z) - log_q
        value = score_surrogate(bound, log_w, log_q, linear, self.baseline().to(log_w))
        if self.training:
            self._remember((log_w.mean() if linear else value.mean()).detach().to(self.memory))
        return value

    def _remember(self, reward: Tensor) -> None:
        if bool(reward.isfinite()):
            self.memory.mul_(self.decay).add_(reward)
            self.weight.mul_(self.decay).add_(1.0)

    def extra_repr(self) -> str:
        return f"decay={self.decay}, baseline={self.baseline().item():.4g}"


class LearnedBaseline(nn.Module):
    r"""The score function with a baseline that a network reads off the datum: an estimator with parameters.

    .. math:: \hat g_\phi = \frac1K \sum_k \big(\log w_k - b_\psi(x)\big) \nabla_\phi \log q_\phi(z_k \mid x), \qquad
              \hat g_\psi = -\nabla_\psi \frac1{2K} \sum_k \big(\log w_k - b_\psi(x)\big)^2

    b depends on x alone, so the estimate of phi and theta is unbiased whatever psi is. psi follows the squared error (for a bound that
    is not linear, that of the bound itself): the best constant in the mean square is near the one of least variance, not equal to it.

    Args:
        network: maps ``(*B, Dx)`` to ``(*B, 1)``. Hand its parameters to the optimizer beside those of p and q; for ``fit``:
            ``optimizer=lambda ps: torch.optim.Adam([*ps, *estimator.parameters()])``.

    Called like every estimator; see ``score_function`` for arguments and value. Global latents are refused: their reward belongs to
    no datum.

    Source: Mnih and Gregor, "Neural variational inference and learning in belief networks", ICML 2014.

    >>> from course_vi.families import BernoulliMeanField
    >>> from course_vi.models import SigmoidBeliefNet
    >>> estimator = LearnedBaseline(nn.Linear(3, 1))
    >>> value = estimator(SigmoidBeliefNet((3, 2)), BernoulliMeanField(2), torch.zeros(5, 3), num_samples=4)
    >>> value.sum().backward(); value.shape, bool(estimator.network.bias.grad != 0)
    (torch.Size([5]), True)
    """

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(
        self,
        p: Model,
        q: Family,
        x: Tensor,
        num_samples: int = 1,
        bound: Bound = elbo,
        generator: torch.Generator | None = None,
        noise: Tensor | None = None,
    ) -> Tensor:
        if not p.local:
            raise ValueError(
                f"p is a {type(p).__name__}, whose latents are global; expected local ones: b(x) is a baseline for each datum"
            )
        linear = is_linear(bound, num_samples)
        density, z = sample(p, q, x, num_samples, bound, generator, noise)
        log_q = density.log_prob(z)
        log_w = log_joint(p, x, z) - log_q
        output = self.network(x)
        if output.shape != (*x.shape[:-1], 1):
            raise ValueError(
                f"network gave shape {tuple(output.shape)} for x of shape {tuple(x.shape)}; expected {(*x.shape[:-1], 1)}"
            )
        baseline = output.squeeze(-1)
        value = score_surrogate(bound, log_w, log_q, linear, baseline.detach())
        error = (log_w.detach() if linear else value.detach().unsqueeze(0)) - baseline
        return as_surrogate(value, value - 0.5 * error.square().mean(0))


def _others(values: Tensor) -> Tensor:
    """The sum of the others along the first axis, with no subtraction: a large entry does not wipe out the rest."""
    nothing = torch.zeros_like(values[:1])
    before = torch.cat([nothing, values[:-1].cumsum(0)])
    after = torch.cat([values[1:].flip(0).cumsum(0).flip(0), nothing])
    return before + after


def _event(q: Family, name: str, value: Tensor) -> torch.Size:
    return value.shape[value.dim() - q.parameter_event_dims[name] :]
