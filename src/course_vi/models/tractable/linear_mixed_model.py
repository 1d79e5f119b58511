r"""Linear mixed models: what all have in common, and what each group, item or person adds."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from course_vi import validate
from course_vi.distributions import CholeskyNormal, DiagonalNormal
from course_vi.models.base import Model
from course_vi.models.tractable.linear_regression import linear_posterior

__all__ = ["LinearMixedModel"]


class LinearMixedModel(Model):
    r"""Random intercepts for one grouping, or for several that cross (persons by items).

    .. math:: z^{(f)}_j \sim N(0, \tau_f^2), \qquad
              y_n \mid z \sim N\Big(c_n^\top \beta + \sum_f z^{(f)}_{g_f(n)},\ \sigma^2\Big), \qquad f = 1, \dots, F.

    A datum is a row ``x[n] = (c_n, g_1(n), ..., g_F(n), y_n)``: p covariates, then for each factor the level (a whole number from
    0), then the response. The latents are **global**, all levels of the first factor, then those of the second, and so on:
    ``z: (K, *B, D)`` with D the number of levels together. Fixed effects and scales are parameters; the evidence integrates z
    out, and its maximum is the ML (not the REML) estimate.

    Args:
        levels: how many levels each factor has.
        fixed: :math:`\beta`, ``(p,)``.
        random_scales: :math:`\tau`, one standard deviation for each factor.
        noise_scale: :math:`\sigma`.

    Source: Laird and Ware, "Random-effects models for longitudinal data", Biometrics 1982.

    >>> model = LinearMixedModel(levels=[2], fixed=torch.zeros(1), random_scales=[1.0], noise_scale=1.0)
    >>> x = torch.tensor([[1.0, 0.0, 2.0], [1.0, 1.0, -2.0]])          # intercept, group, response: two conjugate toys
    >>> model.posterior(x).mean
    tensor([ 1., -1.], grad_fn=<ExpandBackward0>)
    """

    local = False

    def __init__(
        self,
        levels: Sequence[int],
        fixed: Tensor,
        random_scales: Sequence[float],
        noise_scale: float = 1.0,
    ) -> None:
        super().__init__()
        if not levels or len(levels) != len(random_scales):
            raise ValueError(
                f"levels has {len(levels)} factors and random_scales {len(random_scales)}; expected the same, 1 or more"
            )
        for count in levels:
            validate.positive_integer("levels", count)
        for name, scale in [("noise_scale", noise_scale)] + [
            ("random_scales", scale) for scale in random_scales
        ]:
            if not scale > 0:
                raise ValueError(f"{name} has {scale}; expected positive numbers")
        self.levels, self.covariates = tuple(levels), fixed.shape[-1]
        self.latent_dim, self.data_dim = sum(levels), self.covariates + len(levels) + 1
        self.fixed = nn.Parameter(fixed.clone())
        self.log_random_scales = nn.Parameter(
            torch.tensor([math.log(scale) for scale in random_scales], dtype=fixed.dtype)
        )
        self.log_noise_scale = nn.Parameter(torch.tensor(math.log(noise_scale), dtype=fixed.dtype))

    def prior(self) -> DiagonalNormal:
        log_scale = self.log_random_scales.repeat_interleave(
            torch.tensor(self.levels, device=self.fixed.device)
        )
        return DiagonalNormal(torch.zeros_like(log_scale), log_scale)

    def log_factors(self, x: Tensor, z: Tensor) -> dict[str, Tensor]:
        index, residual = self._rows(x)
        loc = z[..., index].sum(-1)  # (K, *B, N)
        likelihood = DiagonalNormal(loc, self.log_noise_scale.expand(len(x))).log_prob(residual)
        return {"prior": self.prior().log_prob(z), "likelihood": likelihood}

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
            index, residual = self._rows(x)
            x[:, -1] = z[index].sum(-1) - residual + self.log_noise_scale.exp() * noise
        return x, z

    def posterior(self, x: Tensor) -> CholeskyNormal:
        r"""p(z | x) = N(:math:`\Lambda^{-1} Z^\top r / \sigma^2, \Lambda^{-1}`), :math:`\Lambda = T^{-2} + Z^\top Z / \sigma^2`.

        Z is the indicator of levels and :math:`r = y - C \beta`. For nested groups alone :math:`\Lambda` is diagonal; crossed
        factors fill it in.
        """
        index, residual = self._rows(x)
        validate.finite("x", x)
        indicator = torch.zeros(
            len(x), self.latent_dim, dtype=residual.dtype, device=residual.device
        ).scatter(-1, index, 1.0)
        prior_precision = (-2 * self.prior().log_scale).exp()
        return linear_posterior(
            indicator, residual, prior_precision, (-2 * self.log_noise_scale).exp()
        )

    def log_evidence(self, x: Tensor) -> Tensor:
        """log p(y | covariates, groups), a number, by Bayes' rule at the posterior mean: no N x N matrix."""
        posterior = self.posterior(x)
        return self.log_joint(x, posterior.loc) - posterior.log_prob(posterior.loc)

    def _rows(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """The place in z of each row's effects, ``(N, F)``, and what the fixed effects leave of the response, ``(N,)``."""
        validate.event_size("x", x, self.data_dim)
        if x.dim() != 2 or x.shape[0] == 0:
            raise ValueError(
                f"x has shape {tuple(x.shape)}; expected (N, {self.data_dim}) with at least one row"
            )
        groups = x[:, self.covariates : -1]
        counts = torch.tensor(self.levels, device=x.device)
        index = groups.long()
        if not bool(((index == groups) & (index >= 0) & (index < counts)).all()):
            raise ValueError(
                f"x has levels that are no whole numbers below {', '.join(map(str, self.levels))}"
            )
        return index + counts.cumsum(0) - counts, x[:, -1] - x[:, : self.covariates] @ self.fixed
