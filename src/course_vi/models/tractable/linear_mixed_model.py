r"""Linear mixed models: what all have in common, and what each group, item or person adds."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from course_vi import validate
from course_vi.distributions import HALF_LOG_TWO_PI, CholeskyNormal, DiagonalNormal
from course_vi.models.base import Model
from course_vi.models.tractable import crossed_precision as crossed
from course_vi.models.tractable.mixed_profile import Profile, Sums, profile, sums
from course_vi.models.tractable.mixed_rows import Rows, as_rows, scales_and_mixing, unit_triangles

__all__ = ["Effects", "LinearMixedModel"]


class Effects(NamedTuple):
    r"""Estimates at the scales of a model: ``fixed (p,)`` and their ``fixed_errors``, ``random (D,)`` and theirs.

    The fixed effects are generalized least squares; their errors are square roots of the diagonal of :math:`(C^\top V^{-1} C)^{-1}`. The
    random effects are posterior means and standard deviations given those fixed effects.
    """

    fixed: Tensor
    fixed_errors: Tensor
    random: Tensor
    random_errors: Tensor


class LinearMixedModel(Model):
    r"""Random intercepts and slopes for one grouping, or for several that are nested or cross (persons by items).

    .. math:: z^{(f)}_j \sim N(0, \Sigma_f), \qquad
              y_n \mid z \sim N\Big(c_n^\top \beta + \sum_f w_{nf}^\top z^{(f)}_{g_f(n)},\ \sigma^2\Big), \qquad f = 1, \dots, F,

    where :math:`w_{nf}` is 1, followed by the covariates that have a random slope in factor f.

    A datum is a row ``x[n] = (c_n, g_1(n), ..., g_F(n), y_n)``: p covariates, then for each factor the level (a whole number from
    0), then the response. The latents are **global**, all levels of the first factor, then those of the second, and so on, with slopes
    the intercept and slopes of a level side by side: ``z: (K, *B, D)``, D effects together. Fixed effects and scales are parameters; the
    evidence integrates z out, and its maximum is the ML estimate; ``restricted_log_evidence`` integrates the fixed effects out too (REML).
    Time and memory are linear in the rows: ``models.tractable.crossed_precision``.

    Args:
        levels: how many levels each factor has. Levels of a nested factor are numbered across groups.
        fixed: :math:`\beta`, ``(p,)``.
        random_scales: for each factor its standard deviation :math:`\tau`; with slopes one for each effect, the intercept's first, or
            their covariance :math:`\Sigma_f`, ``(q, q)``.
        noise_scale: :math:`\sigma`.
        slopes: for each factor the columns of c with a random slope; none, without it.

    Source: Laird and Ware, "Random-effects models for longitudinal data", Biometrics 1982.

    >>> model = LinearMixedModel(levels=[2], fixed=torch.zeros(1), random_scales=[1.0], noise_scale=1.0)
    >>> x = torch.tensor([[1.0, 0.0, 2.0], [1.0, 1.0, -2.0]])          # intercept, group, response: two conjugate toys
    >>> model.posterior(x).mean
    tensor([ 1., -1.], grad_fn=<ExpandBackward0>)

    Levels that are words become numbers from 0 by ``sorted(set(words)).index``; ``learning.fit_mixed_model`` finds the maximum.
    """

    local = False

    def __init__(
        self,
        levels: Sequence[int],
        fixed: Tensor,
        random_scales: Sequence[float | Sequence[float] | Tensor],
        noise_scale: float = 1.0,
        slopes: Sequence[Sequence[int]] | None = None,
    ) -> None:
        super().__init__()
        for name, value in (("levels", levels), ("random_scales", random_scales)):
            if not isinstance(value, (Sequence, Tensor)):
                raise TypeError(
                    f"{name} is {value!r}; expected a list with an entry for each factor"
                )
        validate.floats(fixed=fixed)
        if fixed.dim() != 1:
            raise TypeError(
                f"fixed is {fixed!r}; expected a tensor (p,), one number for each covariate"
            )
        if not levels or len(levels) != len(random_scales):
            raise ValueError(
                f"levels has {len(levels)} factors and random_scales {len(random_scales)}; expected the same, 1 or more"
            )
        for count in levels:
            validate.positive_integer("levels", count)
        self.slopes = tuple(map(tuple, slopes or [()] * len(levels)))
        if len(self.slopes) != len(levels) or not all(
            0 <= column < fixed.shape[-1] for columns in self.slopes for column in columns
        ):
            raise ValueError(
                f"slopes is {self.slopes}; expected {len(levels)} lists of columns from 0 to {fixed.shape[-1] - 1}"
            )
        self.levels, self.covariates = tuple(levels), fixed.shape[-1]
        self.sizes = tuple(1 + len(columns) for columns in self.slopes)
        self.latent_dim = sum(j * q for j, q in zip(self.levels, self.sizes, strict=True))
        self.data_dim = self.covariates + len(levels) + 1
        if not noise_scale > 0:
            raise ValueError(f"noise_scale has {noise_scale}; expected positive numbers")
        self.fixed = nn.Parameter(fixed.clone())
        parts = [
            scales_and_mixing(scale, q, fixed)
            for scale, q in zip(random_scales, self.sizes, strict=True)
        ]
        self.log_random_scales = nn.Parameter(torch.cat([scales for scales, _ in parts]))
        if max(self.sizes) > 1:
            self.mixing = nn.Parameter(torch.cat([below for _, below in parts]))
        self.log_noise_scale = nn.Parameter(torch.tensor(math.log(noise_scale), dtype=fixed.dtype))

    def random_roots(self) -> list[Tensor]:
        r"""For each factor the Cholesky factor of :math:`\Sigma_f`, ``(q, q)``."""
        return unit_triangles(
            self.sizes, self.log_random_scales.exp(), getattr(self, "mixing", None)
        )

    def prior(self) -> DiagonalNormal | CholeskyNormal:
        """p(z); with slopes by a dense root, ``(D, D)``."""
        counts = torch.tensor(self.levels, device=self.fixed.device)
        if max(self.sizes) == 1:
            log_scale = self.log_random_scales.repeat_interleave(counts)
            return DiagonalNormal(torch.zeros_like(log_scale), log_scale)
        roots = [
            root for j, root in zip(self.levels, self.random_roots(), strict=True) for _ in range(j)
        ]
        return CholeskyNormal(self.fixed.new_zeros(self.latent_dim), torch.block_diag(*roots))

    def log_prior(self, z: Tensor) -> Tensor:
        """log p(z), ``(K, *B)``, factor by factor and level by level."""
        counts = [j * q for j, q in zip(self.levels, self.sizes, strict=True)]
        densities = [
            CholeskyNormal(root.new_zeros(q), root).log_prob(part.unflatten(-1, (-1, q))).sum(-1)
            for part, q, root in zip(
                z.split(counts, -1), self.sizes, self.random_roots(), strict=True
            )
        ]
        return torch.stack(densities).sum(0)

    def check(self, x: Tensor) -> None:
        """Refuse levels that are no whole numbers in their range, no rows, and what every model refuses."""
        super().check(x)
        as_rows(self, x)

    def log_factors(self, x: Tensor, z: Tensor) -> dict[str, Tensor]:
        rows = as_rows(self, x)
        residual = rows.response - rows.covariates @ self.fixed
        loc = (z[..., rows.place] * rows.weights).sum(-1)  # (K, *B, N)
        likelihood = DiagonalNormal(loc, self.log_noise_scale.expand(len(x))).log_prob(residual)
        return {"prior": self.log_prior(z), "likelihood": likelihood}

    def sample(self, n: int, generator: torch.Generator | None = None) -> tuple[Tensor, Tensor]:
        """All effects once, and n rows with levels drawn at random and standard normal covariates (an intercept first)."""
        like = self.fixed.detach()
        with torch.no_grad():
            z = self.prior().rsample(generator=generator)
            covariates, noise = (
                torch.randn(shape, generator=generator, dtype=like.dtype, device=like.device)
                for shape in ((n, self.covariates), (n,))
            )
            covariates[:, :1] = 1.0
            groups = torch.stack(
                [
                    torch.randint(count, (n,), generator=generator, device=like.device)
                    for count in self.levels
                ],
                -1,
            )
            x = torch.cat(
                [
                    covariates,
                    groups.to(like.dtype),
                    torch.zeros(n, 1, dtype=like.dtype, device=like.device),
                ],
                -1,
            )
            rows = as_rows(self, x)
            mean = covariates @ self.fixed + (z[rows.place] * rows.weights).sum(-1)
            x[:, -1] = mean + self.log_noise_scale.exp() * noise
        return x, z

    def _solver(self, rows: Rows) -> tuple[crossed.Solver, Tensor]:
        r""":math:`\Lambda = \Sigma^{-1} + Z^\top Z / \sigma^2`, factorized, and :math:`1 / \sigma^2`."""
        where = crossed.layout(self.levels, self.sizes)
        precision = (-2 * self.log_noise_scale).exp()
        counts = crossed.gram(where, rows.level, rows.weights)
        return crossed.Solver(
            where, crossed.add_prior(where, self.random_roots(), counts, precision)
        ), precision

    def _mean(self, rows: Rows, fixed: Tensor) -> tuple[Tensor, crossed.Solver]:
        r""":math:`\Lambda^{-1} Z^\top (y - C \beta) / \sigma^2`, ``(D,)``, and the factorized :math:`\Lambda`."""
        solver, precision = self._solver(rows)
        residual = rows.response - rows.covariates @ fixed
        pull = crossed.transposed_times(
            rows.place, rows.weights, residual.unsqueeze(-1), self.latent_dim
        )
        return solver.solve(precision * pull).squeeze(-1), solver

    def posterior(self, x: Tensor) -> CholeskyNormal:
        r"""p(z | x) = N(:math:`\Lambda^{-1} Z^\top r / \sigma^2, \Lambda^{-1}`), :math:`\Lambda = \Sigma^{-1} + Z^\top Z / \sigma^2`.

        Z holds the weights of the effects in each row, and :math:`r = y - C \beta`. For one factor alone :math:`\Lambda` has a block for
        each level; crossed factors fill it in. The covariance is dense, ``(D, D)``; ``effects`` has means and errors alone.
        """
        rows = as_rows(self, x)
        mean, solver = self._mean(rows, self.fixed)
        covariance = solver.solve(torch.eye(self.latent_dim, dtype=mean.dtype, device=mean.device))
        return CholeskyNormal(mean, torch.linalg.cholesky((covariance + covariance.mT) / 2))

    def log_evidence(self, x: Tensor) -> Tensor:
        """log p(y | covariates, groups), a number, by Bayes' rule at the posterior mean: no N x N matrix."""
        rows = as_rows(self, x)
        z, solver = self._mean(rows, self.fixed)
        residual = rows.response - rows.covariates @ self.fixed
        noise = self.log_noise_scale.expand(len(residual))
        likelihood = DiagonalNormal((z[rows.place] * rows.weights).sum(-1), noise).log_prob(
            residual
        )
        log_q = 0.5 * solver.log_det() - self.latent_dim * HALF_LOG_TWO_PI
        return self.log_prior(z) + likelihood - log_q

    def sums(self, x: Tensor) -> Sums:
        """What a search over the scales needs of the rows, once."""
        self.check(x)
        return sums(as_rows(self, x), self.levels, self.sizes)

    def profile(self, found: Sums) -> Profile:
        """The best fixed effects for the scales as they are, and the likelihoods there; ``fixed`` plays no part."""
        return profile(found, self.random_roots(), self.log_noise_scale)

    def restricted_log_evidence(self, x: Tensor) -> Tensor:
        r"""The restricted likelihood (REML), a number: the fixed effects integrated out too, under a flat prior; ``fixed`` plays no part.

        .. math:: \log \int p(y \mid \beta)\, d\beta = \log p(y \mid \hat\beta) + \tfrac p2 \log 2\pi - \tfrac12 \log |C^\top V^{-1} C|
        """
        return self.profile(self.sums(x)).restricted

    def effects(self, x: Tensor) -> Effects:
        """Fixed and random effects with their standard errors, at the scales of the model."""
        found, rows = self.profile(self.sums(x)), as_rows(self, x)
        random, solver = self._mean(rows, found.fixed)
        errors = torch.cholesky_inverse(found.root).diagonal().sqrt()
        return Effects(found.fixed, errors, random, solver.variances().sqrt())
