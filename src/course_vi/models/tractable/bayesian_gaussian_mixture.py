r"""The Bayesian mixture of Gaussians: weights, means and precisions are latent too, and can be integrated out."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import one_hot

from course_vi import exact, validate
from course_vi.distributions import Enumerated
from course_vi.distributions.conjugate import LOG_TWO_PI, NormalWishart, dirichlet_log_normalizer
from course_vi.models.base import Model

__all__ = ["BayesianGaussianMixture"]


class BayesianGaussianMixture(Model):
    r"""A mixture of C Gaussians with conjugate priors on everything.

    .. math:: \pi \sim \mathrm{Dirichlet}(\alpha, \dots, \alpha), \quad (\mu_c, \Lambda_c) \sim \mathrm{NormalWishart}(m, \beta, W, \nu),

    .. math:: z_n \sim \mathrm{Categorical}(\pi), \quad x_n \mid z_n = c \sim N(\mu_c, \Lambda_c^{-1}).

    As a ``Model`` it is *collapsed*: :math:`\pi, \mu, \Lambda` are integrated out, and the latents are the labels of all N data at once,
    ``z: (K, *B, N)``, whole numbers from 0 to C - 1, global because without the parameters the data depend on each other:

    .. math:: p(x, z) = \frac{D(\alpha + N(z))}{D(\alpha)} \prod_c e^{A(\eta + s_c(x, z)) - A(\eta)}\, (2\pi)^{-N_c d / 2}

    ``learning.cavi`` keeps the parameters, and reads the priors from here.

    Args:
        num_data: N.
        clusters: C; more than you need, if alpha is small: the surplus is pruned.
        loc: m, ``(d,)``.
        inverse_scale: :math:`W^{-1}`, ``(d, d)``, positive definite: nu times the covariance that you expect of a cluster.
        concentration: :math:`\alpha`.
        strength: :math:`\beta`, how many data the prior mean is worth.
        dof: :math:`\nu`, above d - 1; d by default.

    Source: Bishop, "Pattern Recognition and Machine Learning", 2006, section 10.2.

    >>> model = BayesianGaussianMixture(3, clusters=2, loc=torch.zeros(1), inverse_scale=torch.eye(1))
    >>> x = torch.tensor([[-2.0], [-2.2], [3.0]])
    >>> model.posterior(x).mean                       # labels are exchangeable: each is 1 with probability a half
    tensor([0.5000, 0.5000, 0.5000])
    """

    local = False

    def __init__(
        self,
        num_data: int,
        clusters: int,
        loc: Tensor,
        inverse_scale: Tensor,
        concentration: float = 1.0,
        strength: float = 1.0,
        dof: float | None = None,
    ) -> None:
        super().__init__()
        validate.positive_integer("num_data", num_data)
        validate.positive_integer("clusters", clusters)
        d = loc.shape[-1]
        if loc.dim() != 1 or inverse_scale.shape != (d, d):
            raise ValueError(
                f"loc and inverse_scale have shapes {tuple(loc.shape)} and {tuple(inverse_scale.shape)}; "
                "expected (d,) and (d, d)"
            )
        if torch.linalg.cholesky_ex(inverse_scale).info or not torch.allclose(
            inverse_scale, inverse_scale.mT
        ):
            raise ValueError("inverse_scale is not symmetric and positive definite")
        dof = float(d) if dof is None else dof
        for name, value, least in (
            ("concentration", concentration, 0),
            ("strength", strength, 0),
            ("dof", dof, d - 1),
        ):
            if not value > least:
                raise ValueError(f"{name} is {value}; expected a number above {least}")
        self.latent_dim, self.data_dim, self.clusters = num_data, d, clusters
        self.concentration, self.strength, self.dof = concentration, strength, dof
        self.register_buffer("loc", loc.clone())
        self.register_buffer("inverse_scale", inverse_scale.clone())

    def cluster_prior(self) -> NormalWishart:
        """The prior of (mu, Lambda), the same for each of the C clusters."""
        loc, inverse = self.get_buffer("loc"), self.get_buffer("inverse_scale")
        return NormalWishart.of(
            loc.new_full((self.clusters,), self.strength),
            loc.expand(self.clusters, -1),
            inverse.expand(self.clusters, -1, -1),
            loc.new_full((self.clusters,), self.dof),
        )

    def weight_prior(self) -> Tensor:
        r""":math:`\alpha`, ``(C,)``."""
        return self.get_buffer("loc").new_full((self.clusters,), self.concentration)

    def log_factors(self, x: Tensor, z: Tensor) -> dict[str, Tensor]:
        """log p(z) and log p(x | z), both without the parameters: ``labels`` and ``data``, ``(K, *B)``."""
        self.check(x)
        chosen = one_hot(validate.indices("z", z, self.clusters), self.clusters).to(
            x
        )  # (K, *B, N, C)
        prior, clusters = self.weight_prior(), self.cluster_prior()
        after = clusters.plus(chosen, x)
        data = (after.log_normalizer() - clusters.log_normalizer()).sum(
            -1
        ) - 0.5 * x.numel() * LOG_TWO_PI
        return {
            "labels": dirichlet_log_normalizer(prior + chosen.sum(-2))
            - dirichlet_log_normalizer(prior),
            "data": data,
        }

    def check(self, x: Tensor) -> None:
        """Refuse data of another size, or with NaN."""
        if x.shape != (self.latent_dim, self.data_dim):
            raise ValueError(
                f"x has shape {tuple(x.shape)}; expected ({self.latent_dim}, {self.data_dim}), all the data at once"
            )
        validate.finite("x", x)

    def sample(self, n: int, generator: torch.Generator | None = None) -> tuple[Tensor, Tensor]:
        """One set of weights and clusters, and n rows with their labels ``(n,)``."""
        validate.positive_integer("n", n)
        prior, d = self.cluster_prior(), self.data_dim
        like = prior.loc
        gammas = torch._standard_gamma(self.weight_prior(), generator=generator)
        label = torch.multinomial(gammas / gammas.sum(), n, replacement=True, generator=generator)
        # Bartlett: L A with LL' = W and A lower triangular (chis on the diagonal, normals below) is a root of a Wishart draw
        below = torch.randn(
            self.clusters, d, d, generator=generator, dtype=like.dtype, device=like.device
        ).tril(-1)
        dof = prior.dof.unsqueeze(-1) - torch.arange(d, dtype=like.dtype, device=like.device)
        chis = (2 * torch._standard_gamma(dof / 2, generator=generator)).sqrt()
        root = torch.linalg.inv(
            torch.linalg.cholesky(torch.linalg.inv(prior.inverse_scale))
            @ (below + torch.diag_embed(chis))
        ).mT
        noise = torch.randn(
            self.clusters + n, d, 1, generator=generator, dtype=like.dtype, device=like.device
        )
        locs = (
            prior.loc + (root @ noise[: self.clusters]).squeeze(-1) / self.strength**0.5
        )  # root root' = covariance
        return locs[label] + (root[label] @ noise[self.clusters :]).squeeze(-1), label.to(
            like.dtype
        )

    def states(self) -> Tensor:
        """All labellings, ``(C^N, N)``; refused above four million."""
        return exact.enumerate_categories(
            (self.clusters,) * self.latent_dim, like=self.get_buffer("loc")
        )

    def log_evidence(self, x: Tensor) -> Tensor:
        """log p(x), a number, by adding up all labellings."""
        return self._log_joints(x).logsumexp(0)

    def posterior(self, x: Tensor) -> Enumerated:
        """p(z | x) over all labellings."""
        return Enumerated(self.states(), self._log_joints(x))

    def _log_joints(self, x: Tensor) -> Tensor:
        return torch.cat([self.log_joint(x, chunk) for chunk in self.states().split(2**14)])
