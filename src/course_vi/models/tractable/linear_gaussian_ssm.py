r"""The linear Gaussian state space model: tracking, with the Kalman filter and smoother as its exact answers."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from course_vi import validate
from course_vi.distributions import BackwardChain
from course_vi.distributions.chains import Smoothed
from course_vi.models.tractable import kalman
from course_vi.models.tractable.diffuse_start import Diffuse, diffuse_part
from course_vi.models.tractable.linear_gaussian_recipe import LinearGaussianRecipe
from course_vi.models.tractable.state_space_columns import Columns, as_columns
from course_vi.models.tractable.state_space_parts import density_root

__all__ = ["Filtered", "Forecast", "LinearGaussianSSM"]


class Filtered(NamedTuple):
    """p(z_t | x_1..x_t): ``loc (*B, T, d)`` and ``covariance (T, d, d)``, and ``log_terms (*B, T)``: log p(x_t | x_1..x_{t-1}).

    Where every series has its own missing data, so has each its own covariances, ``(*B, T, d, d)``.
    """

    loc: Tensor
    covariance: Tensor
    log_terms: Tensor


class Forecast(NamedTuple):
    """p(x_t | x_1..x_T) for t = T + 1, ..., T + h: ``loc (*B, h, p)``, ``covariance (h, p, p)``; and the same of the states."""

    loc: Tensor
    covariance: Tensor
    state_loc: Tensor
    state_covariance: Tensor


class LinearGaussianSSM(LinearGaussianRecipe):
    r"""A hidden state that moves, and measurements of it, all linear and Gaussian.

    .. math:: z_1 \sim N(m, P), \qquad z_t \mid z_{t-1} \sim N(A z_{t-1} + B u_t, Q), \qquad x_t \mid z_t \sim N(C z_t + D u_t, R)

    A datum is one series: the event of x is ``(T * p,)``, step after step, and that of z ``(T * d,)``. Everything here takes time
    and memory linear in T: by an associative scan for d up to 16, else by a loop over the steps. The covariances of filter and smoother
    do not depend on x, so a batch of series shares them.

    ``seen`` says which entries of x were seen, true or false, ``(T * p,)`` or ``(*B, T * p)``; the others are not read, and may be NaN.
    A shorter series is one whose end was not seen; for a longer one there is ``of_length``.

    Args:
        transition: A, ``(d, d)``, or one for each move, ``(T - 1, d, d)``.
        emission: C, ``(p, d)``, or one for each step, ``(T, p, d)``.
        transition_cov, emission_cov: Q ``(d, d)`` and R ``(p, p)``, or one for each move and step. Learned through roots, Q = root root'.
            They may be singular (an autoregression, a trend that is fixed, exact measurements): then ``log_joint`` and ``posterior`` have
            no density, and everything else works.
        initial_loc, initial_cov: m ``(d,)`` and P ``(d, d)``. A huge P is a nearly flat start.
        steps: T.
        inputs: u, known numbers, ``(T, k)``, with their weights ``transition_inputs``: B ``(d, k)`` and ``emission_inputs``: D ``(p, k)``.
        diffuse: which entries of the first state have a flat prior, true or false, ``(d,)``; m and P say nothing about them. The evidence
            is then the limit of log p(x) + k/2 log v, as the variance v of those k entries grows.

    Source: Kalman, "A new approach to linear filtering and prediction problems", 1960; Rauch, Tung and Striebel, 1965; de Jong, "The
    diffuse Kalman filter", Annals of Statistics 1991.

    >>> walk = LinearGaussianSSM(torch.eye(1), torch.eye(1), torch.eye(1), torch.eye(1), torch.zeros(1), torch.eye(1), steps=2)
    >>> walk.log_evidence(torch.zeros(2))                # N(0, [[2, 1], [1, 3]]) at 0: -log(2 pi) - log(5) / 2
    tensor(-2.6426, grad_fn=<SumBackward1>)
    """

    def _filtered(
        self, x: Tensor, seen: Tensor | None
    ) -> tuple[kalman.System, kalman.Steps, Columns, Diffuse | None]:
        """The matrices of all steps, what the filter found, how series became columns, and what the flat entries of the start are."""
        validate.event_size("x", x, self.data_dim)
        validate.same_place("x", x, "the parameters", self.transition)
        if seen is not None:
            validate.event_size("seen", seen, self.data_dim)
            validate.finite("x", torch.where(seen.bool(), x, torch.zeros_like(x)))
        else:
            validate.finite("x", x)
        system, data, columns = as_columns(self, x, seen)
        way = kalman.filter_scan if self.d <= 16 and kalman.has_scan(system) else kalman.filter_loop
        found = way(system, data)
        return (
            system,
            found,
            columns,
            None if self.diffuse is None else diffuse_part(found, columns.series),
        )

    def filter(self, x: Tensor, seen: Tensor | None = None) -> Filtered:
        r"""The Kalman filter: predict, compare, correct.

        .. math:: S_t = C \hat P_t C^\top + R, \quad K_t = \hat P_t C^\top S_t^{-1}, \quad
                  m_t = \hat m_t + K_t (x_t - C \hat m_t), \quad P_t = (I - K_t C) \hat P_t (I - K_t C)^\top + K_t R K_t^\top

        with the predictions :math:`\hat m_t = A m_{t-1}`, :math:`\hat P_t = A P_{t-1} A^\top + Q`. Joseph's form of the last line
        stays positive definite whatever is rounded.
        """
        if self.diffuse is not None:
            raise ValueError(
                "after a diffuse start the first states are not known at all; expected smooth or forecast"
            )
        _, found, columns, _ = self._filtered(x, seen)
        return Filtered(
            columns.vectors(found.loc), columns.matrices(found.covariance), columns.log_terms(found)
        )

    def log_evidence(self, x: Tensor, burn_in: int = 0, seen: Tensor | None = None) -> Tensor:
        """log p(x), ``(*B)``: the sum of the filter's one-step predictions, without the first ``burn_in`` (for a flat start)."""
        if isinstance(burn_in, Tensor):
            raise TypeError("burn_in is a Tensor; expected a whole number. Say seen=... by name")
        if burn_in and self.diffuse is not None:
            raise ValueError(
                f"burn_in is {burn_in} for a diffuse start; expected 0: its evidence is exact"
            )
        _, found, columns, flat = self._filtered(x, seen)
        terms = columns.log_terms(found)[..., burn_in:].sum(-1)
        return terms if flat is None else terms + columns.numbers(flat.log_term)

    def posterior(self, x: Tensor, seen: Tensor | None = None) -> BackwardChain:
        r"""p(z | x) as a chain that runs backwards from z_T (no dense covariance of all steps):

        .. math:: z_t \mid z_{t+1}, x \sim N(m_t + J_t (z_{t+1} - A m_t),\ P_t - J_t \hat P_{t+1} J_t^\top), \qquad
                  J_t = P_t A^\top \hat P_{t+1}^{-1}.
        """
        if self.diffuse is not None:
            raise ValueError(
                "the posterior after a diffuse start is no chain that runs backwards; expected smooth"
            )
        system, found, columns, _ = self._filtered(x, seen)
        shift, gain, rest = kalman.backward_gains(system, found)
        return BackwardChain(
            columns.vectors(shift),
            columns.matrices(gain),
            density_root("the posterior", columns.matrices(rest), False),
        )

    def smooth(self, x: Tensor, seen: Tensor | None = None) -> Smoothed:
        """Rauch, Tung and Striebel's smoother: means, covariances and cross-covariances of p(z_t, z_{t+1} | x), one pass from the end."""
        system, found, columns, flat = self._filtered(x, seen)
        moments = kalman.backward_moments(*kalman.backward_gains(system, found))
        if flat is not None:
            moments = flat.spread(moments)
        return Smoothed(
            columns.vectors(moments.loc),
            columns.matrices(moments.covariance),
            columns.matrices(moments.cross),
        )

    def forecast(
        self, x: Tensor, horizon: int, seen: Tensor | None = None, inputs: Tensor | None = None
    ) -> Forecast:
        """The next ``horizon`` steps: those of a longer series whose end was not seen. ``inputs (T + horizon, k)`` where there are some."""
        validate.positive_integer("horizon", horizon)
        longer = self.of_length(self.steps + horizon, inputs)
        validate.event_size("x", x, self.data_dim)
        if seen is None:
            seen = torch.ones(self.data_dim, dtype=torch.bool, device=x.device)
        unseen = torch.zeros(*seen.shape[:-1], horizon * self.p, dtype=torch.bool, device=x.device)
        filled = torch.cat([x, x.new_zeros(*x.shape[:-1], horizon * self.p)], -1)
        answer = longer.filter if self.diffuse is None else longer.smooth
        found = answer(filled, seen=torch.cat([seen.bool(), unseen], -1))
        loc, cov = found.loc[..., -horizon:, :], found.covariance[..., -horizon:, :, :]
        c, root = (
            part[-horizon:] if part.dim() > 2 else part
            for part in (longer.emission, longer.emission_root)
        )
        measured = (c @ loc.unsqueeze(-1)).squeeze(-1) + longer.input_effects()[1][-horizon:]
        return Forecast(measured, c @ cov @ c.mT + root @ root.mT, loc, cov)
