r"""The linear Gaussian state space model: tracking, with the Kalman filter and smoother as its exact answers."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from course_vi import validate
from course_vi.distributions import BackwardChain
from course_vi.distributions.chains import CholeskyNormal, Smoothed
from course_vi.models.base import Model
from course_vi.models.dynamics import Dynamics

__all__ = ["Filtered", "LinearGaussianSSM"]


class Filtered(NamedTuple):
    """p(z_t | x_1..x_t): ``loc (*B, T, d)`` and ``covariance (T, d, d)``, and ``log_terms (*B, T)``: log p(x_t | x_1..x_{t-1})."""

    loc: Tensor
    covariance: Tensor
    log_terms: Tensor


class LinearGaussianSSM(Model):
    r"""A hidden state that moves, and measurements of it, all linear and Gaussian.

    .. math:: z_1 \sim N(m, P), \qquad z_t \mid z_{t-1} \sim N(A z_{t-1}, Q), \qquad x_t \mid z_t \sim N(C z_t, R), \qquad t = 1, \dots, T.

    A datum is one series: the event of x is ``(T * p,)``, step after step, and that of z ``(T * d,)``. Everything here takes time
    and memory linear in T. The covariances of filter and smoother do not depend on x, so a batch of series shares them.

    Args:
        transition: A, ``(d, d)``.
        emission: C, ``(p, d)``.
        transition_cov, emission_cov: Q ``(d, d)`` and R ``(p, p)``, positive definite. Learned through roots, Q = root root'.
        initial_loc, initial_cov: m ``(d,)`` and P ``(d, d)``. A huge P is a nearly flat start.
        steps: T.

    Source: Kalman, "A new approach to linear filtering and prediction problems", 1960; Rauch, Tung and Striebel, 1965.

    >>> walk = LinearGaussianSSM(torch.eye(1), torch.eye(1), torch.eye(1), torch.eye(1), torch.zeros(1), torch.eye(1), steps=2)
    >>> walk.log_evidence(torch.zeros(2))                # N(0, [[2, 1], [1, 3]]) at 0: -log(2 pi) - log(5) / 2
    tensor(-2.6426, grad_fn=<SumBackward1>)
    """

    shown = ("steps",)

    def __init__(
        self,
        transition: Tensor,
        emission: Tensor,
        transition_cov: Tensor,
        emission_cov: Tensor,
        initial_loc: Tensor,
        initial_cov: Tensor,
        steps: int,
    ) -> None:
        super().__init__()
        validate.positive_integer("steps", steps)
        if emission.dim() != 2:
            raise ValueError(f"emission has shape {tuple(emission.shape)}; expected (p, d)")
        self.p, self.d = emission.shape
        self.steps, self.data_dim, self.latent_dim = steps, steps * self.p, steps * self.d
        for name, value, shape in (
            ("transition", transition, (self.d, self.d)),
            ("initial_loc", initial_loc, (self.d,)),
        ):
            if value.shape != shape:
                raise ValueError(f"{name} has shape {tuple(value.shape)}; expected {shape}")
        self.transition, self.emission, self.initial_loc = (
            nn.Parameter(v.clone()) for v in (transition, emission, initial_loc)
        )
        self.transition_root = nn.Parameter(_root("transition_cov", transition_cov, self.d))
        self.emission_root = nn.Parameter(_root("emission_cov", emission_cov, self.p))
        self.initial_root = nn.Parameter(_root("initial_cov", initial_cov, self.d))

    def log_factors(self, x: Tensor, z: Tensor) -> dict[str, Tensor]:
        x, z = x.unflatten(-1, (self.steps, self.p)), z.unflatten(-1, (self.steps, self.d))
        first = CholeskyNormal(self.initial_loc, _tril(self.initial_root)).log_prob(z[..., 0, :])
        moves = CholeskyNormal(
            z[..., :-1, :] @ self.transition.mT, _tril(self.transition_root)
        ).log_prob(z[..., 1:, :])
        seen = CholeskyNormal(z @ self.emission.mT, _tril(self.emission_root)).log_prob(x)
        return {"initial": first, "transition": moves.sum(-1), "emission": seen.sum(-1)}

    def sample(self, n: int, generator: torch.Generator | None = None) -> tuple[Tensor, Tensor]:
        like = self.transition
        state_noise, noise = (
            torch.randn(
                n, self.steps, size, generator=generator, dtype=like.dtype, device=like.device
            )
            for size in (self.d, self.p)
        )
        with torch.no_grad():
            states = [self.initial_loc + state_noise[:, 0] @ self.initial_root.mT]
            for t in range(1, self.steps):
                states.append(
                    states[-1] @ self.transition.mT + state_noise[:, t] @ self.transition_root.mT
                )
            z = torch.stack(states, 1)
            x = z @ self.emission.mT + noise @ self.emission_root.mT
        return x.flatten(1), z.flatten(1)

    def filter(self, x: Tensor) -> Filtered:
        r"""The Kalman filter: predict, compare, correct.

        .. math:: S_t = C \hat P_t C^\top + R, \quad K_t = \hat P_t C^\top S_t^{-1}, \quad
                  m_t = \hat m_t + K_t (x_t - C \hat m_t), \quad P_t = (I - K_t C) \hat P_t (I - K_t C)^\top + K_t R K_t^\top

        with the predictions :math:`\hat m_t = A m_{t-1}`, :math:`\hat P_t = A P_{t-1} A^\top + Q`. Joseph's form of the last line
        stays positive definite whatever is rounded.
        """
        validate.event_size("x", x, self.data_dim)
        validate.same_place("x", x, "the parameters", self.transition)
        validate.finite("x", x)
        series = x.unflatten(-1, (self.steps, self.p)).unbind(-2)
        a, c, q, r = (
            self.transition,
            self.emission,
            _square(self.transition_root),
            _square(self.emission_root),
        )
        identity = torch.eye(self.d, dtype=a.dtype, device=a.device)
        loc: Tensor = self.initial_loc
        cov = _square(self.initial_root)
        steps: list[tuple[Tensor, Tensor, Tensor, Tensor]] = []
        for t, datum in enumerate(series):
            if t:
                loc, cov = loc @ a.mT, a @ cov @ a.mT + q
            root = torch.linalg.cholesky(c @ cov @ c.mT + r)
            gain = torch.cholesky_solve(c @ cov, root).mT
            surprise = datum - loc @ c.mT
            keep = identity - gain @ c
            loc, cov = loc + surprise @ gain.mT, keep @ cov @ keep.mT + gain @ r @ gain.mT
            steps.append((loc.expand(datum.shape[:-1] + (self.d,)), cov, surprise, root))
        locs, covs, surprises, roots = zip(*steps, strict=True)
        log_terms = CholeskyNormal(torch.zeros_like(r[0]), torch.stack(roots)).log_prob(
            torch.stack(surprises, -2)
        )
        return Filtered(torch.stack(locs, -2), torch.stack(covs), log_terms)

    def log_evidence(self, x: Tensor, burn_in: int = 0) -> Tensor:
        """log p(x), ``(*B)``: the sum of the filter's one-step predictions, without the first ``burn_in`` (for a flat start)."""
        return self.filter(x).log_terms[..., burn_in:].sum(-1)

    def posterior(self, x: Tensor) -> BackwardChain:
        r"""p(z | x) as a chain that runs backwards from z_T (no dense covariance of all steps):

        .. math:: z_t \mid z_{t+1}, x \sim N(m_t + J_t (z_{t+1} - A m_t),\ P_t - J_t \hat P_{t+1} J_t^\top), \qquad
                  J_t = P_t A^\top \hat P_{t+1}^{-1}.
        """
        found = self.filter(x)
        a, q, cov = self.transition, _square(self.transition_root), found.covariance
        before = cov[:-1]
        predicted = a @ before @ a.mT + q
        gain = torch.cholesky_solve(a @ before, torch.linalg.cholesky(predicted)).mT
        keep = torch.eye(self.d, dtype=a.dtype, device=a.device) - gain @ a
        rest = keep @ before @ keep.mT + gain @ q @ gain.mT  # Joseph's form again
        shift = torch.cat(
            [(keep @ found.loc[..., :-1, :].unsqueeze(-1)).squeeze(-1), found.loc[..., -1:, :]], -2
        )
        return BackwardChain(shift, gain, torch.linalg.cholesky(torch.cat([rest, cov[-1:]])))

    def smooth(self, x: Tensor) -> Smoothed:
        """Rauch, Tung and Striebel's smoother: means and covariances of the backward chain, one pass from the end."""
        return self.posterior(x).moments()

    def dynamics(self) -> Dynamics:
        """The same, a step at a time, for ``learning.particle_filter``."""
        first, move, see = (
            _tril(root) for root in (self.initial_root, self.transition_root, self.emission_root)
        )
        return Dynamics(
            self.steps,
            self.p,
            lambda: CholeskyNormal(self.initial_loc, first),
            lambda t, previous: CholeskyNormal(previous @ self.transition.mT, move),
            lambda t, z, x: CholeskyNormal(z @ self.emission.mT, see).log_prob(x),
        )


def _square(root: Tensor) -> Tensor:
    return root @ root.mT


def _tril(root: Tensor) -> Tensor:
    """The Cholesky factor of root root', whatever sign or shape a learned root has taken."""
    return torch.linalg.cholesky(_square(root))


def _root(name: str, covariance: Tensor, size: int) -> Tensor:
    if covariance.shape != (size, size):
        raise ValueError(f"{name} has shape {tuple(covariance.shape)}; expected {(size, size)}")
    root, failed = torch.linalg.cholesky_ex(covariance)
    if failed or not torch.equal(covariance, covariance.mT):
        raise ValueError(f"{name} is no covariance; expected a symmetric positive definite matrix")
    return root.clone()
