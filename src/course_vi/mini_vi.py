r"""Variational inference on one page: a model, a family, a bound, a gradient, a loop that climbs.

These are the choices of the whole course in their smallest form. The file imports nothing of ours,
and a test asserts that it equals the library, number for number. Axes: data x ``(*B, Dx)``; K
samples z ``(K, *B, D)`` of each datum's latent variables; log weights ``(K, *B)``.

>>> toy, x = ConjugateToy(), torch.tensor([[2.0], [-1.0]])              # two data, one latent each
>>> q = MeanField(torch.zeros(2, 1), torch.zeros(2, 1))
>>> history = fit(toy, q, x, sticking_the_landing, steps=500, learning_rate=0.02)
>>> torch.allclose(q.loc, x / 2, atol=0.01)                             # p(z | x) = N(x/2, 1/2)
True
>>> abs(history[-1].item() - toy.log_evidence(x).mean().item()) < 1e-3
True
"""

import math
from collections.abc import Callable

import torch
from torch import Generator, Tensor, nn

# ---- 1. The model: a joint density log p(x, z), with parameters theta. ---------------------------


class Model(nn.Module):
    """What generates the data. A model says its log joint density, ``(K, *B)``; that is all."""

    def log_joint(self, x: Tensor, z: Tensor) -> Tensor:
        raise NotImplementedError


def log_normal(value: Tensor, loc: Tensor, log_scale: Tensor) -> Tensor:
    r"""log N(v; m, s^2) = -1/2 sum_d ((v_d - m_d) / s_d)^2 - sum_d log s_d - D/2 log 2 pi."""
    standardized = (value - loc) * (-log_scale).exp()
    constant = value.shape[-1] * 0.5 * math.log(2 * math.pi)
    return -0.5 * standardized.square().sum(-1) - log_scale.sum(-1) - constant


class ConjugateToy(Model):
    """z ~ N(0, I) and x | z ~ N(z, I), so that z | x ~ N(x/2, I/2) and x ~ N(0, 2I)."""

    def log_joint(self, x: Tensor, z: Tensor) -> Tensor:
        zeros = torch.zeros_like(z)
        return log_normal(z, zeros, zeros) + log_normal(x, z, zeros)

    def log_evidence(self, x: Tensor) -> Tensor:
        return log_normal(x, torch.zeros_like(x), torch.full_like(x, 0.5 * math.log(2)))


class Counts(Model):
    """A model of your own: z ~ N(0, 1), x | z ~ Poisson(exp(a + z)); theta is a.

    >>> x = torch.tensor([[0.0], [1.0], [4.0]])
    >>> p, q = Counts(), MeanField(torch.zeros(3, 1), torch.zeros(3, 1))
    >>> history = fit(p, q, x, bound=iwae, steps=300, num_samples=20, learning_rate=0.05)
    >>> bool(history[-50:].mean() > history[:50].mean()), bool(q.loc[0] < q.loc[1] < q.loc[2])
    (True, True)
    """

    def __init__(self) -> None:
        super().__init__()
        self.a = nn.Parameter(torch.zeros(()))

    def log_joint(self, x: Tensor, z: Tensor) -> Tensor:
        zeros, log_rate = torch.zeros_like(z), self.a + z
        log_likelihood = (x * log_rate - log_rate.exp() - torch.lgamma(x + 1)).sum(-1)
        return log_normal(z, zeros, zeros) + log_likelihood


# ---- 2. The family: densities q(z) with parameters phi, and the map from noise to samples. -------


class MeanField(nn.Module):
    """Independent normals for each datum: q(z) = prod_d N(z_d; m_d, s_d^2), phi = (m, log s)."""

    def __init__(self, loc: Tensor, log_scale: Tensor) -> None:
        super().__init__()
        self.loc, self.log_scale = nn.Parameter(loc.clone()), nn.Parameter(log_scale.clone())

    def noise(self, num_samples: int, generator: Generator | None = None) -> Tensor:
        """eps ~ N(0, I), ``(K, *B, D)``."""
        like = self.loc.expand(num_samples, *self.loc.shape)
        return torch.randn(like.shape, generator=generator, dtype=like.dtype, device=like.device)

    def transport(self, eps: Tensor) -> Tensor:
        """z = t_phi(eps) = m + s * eps: the reparametrization."""
        return self.loc + self.log_scale.exp() * eps

    def log_prob(self, z: Tensor, frozen: bool = False) -> Tensor:
        """log q(z), ``(K, *B)``. Frozen, phi is a constant: the gradient flows through z alone."""
        phi = [self.loc.detach(), self.log_scale.detach()] if frozen else [self.loc, self.log_scale]
        return log_normal(z, *phi)


# ---- 3. The bound: what we climb, a function of the log weights alone, (K, *B) -> (*B). ----------

Bound = Callable[[Tensor], Tensor]


def elbo(log_w: Tensor) -> Tensor:
    """1/K sum_k log w_k, whose mean is log p(x) - KL(q(z) || p(z | x))."""
    return log_w.mean(0)


def iwae(log_w: Tensor) -> Tensor:
    """log(1/K sum_k w_k), whose mean lies between the ELBO and log p(x), and rises with K."""
    return torch.logsumexp(log_w, 0) - math.log(log_w.shape[0])


# ---- 4. The gradient: estimators return (*B). The value is the bound L, and its gradient in theta
#         and phi is an unbiased estimate of the gradient of the expected bound. -------------------


def total_derivative(p: Model, q: MeanField, x: Tensor, eps: Tensor, bound: Bound = elbo) -> Tensor:
    """d/dphi L(log w_1, ..., log w_K) with z_k = t_phi(eps_k): log w depends on phi through z
    (the path), and through the parameters of log q (the score, whose mean is zero)."""
    z = q.transport(eps)
    return bound(p.log_joint(x, z) - q.log_prob(z))


def sticking_the_landing(
    p: Model, q: MeanField, x: Tensor, eps: Tensor, bound: Bound = elbo
) -> Tensor:
    """The path without the score: no variance at all where q(z) = p(z | x). Weighted unequally, as
    in any bound but the ELBO, the score's mean is not zero, and leaving it out would be biased."""
    if bound is not elbo:
        raise ValueError("expected bound=elbo; for any other, dropping the score term is biased")
    z = q.transport(eps)
    return bound(p.log_joint(x, z) - q.log_prob(z, frozen=True))


def score_function(p: Model, q: MeanField, x: Tensor, eps: Tensor, bound: Bound = elbo) -> Tensor:
    """Through the probability of the samples, which need no derivative (REINFORCE). For any bound,
    d/dphi E[L] = E[L sum_k d/dphi log q(z_k)] + E[dL/dphi at fixed z]. For the ELBO the reward of
    sample k is its own log w_k / K: what it shares with others, and the last term, have mean 0."""
    z = q.transport(eps).detach()
    log_p, log_q = p.log_joint(x, z), q.log_prob(z)
    value = bound(log_p - log_q)
    own = (log_p - log_q) / len(eps), log_p.mean(0)
    reward, direct = own if bound is elbo else (value, value)
    surrogate = (reward.detach() * log_q).sum(0) + direct
    return value.detach() + (surrogate - surrogate.detach())


# ---- 5. The loop: draw noise, estimate the gradient, take a step up. -----------------------------


def fit(
    p: Model,
    q: MeanField,
    x: Tensor,
    estimator: Callable[..., Tensor] = total_derivative,
    bound: Bound = elbo,
    steps: int = 1000,
    num_samples: int = 1,
    learning_rate: float = 1e-2,
    seed: int = 0,
) -> Tensor:
    """Climb the bound in theta and phi by stochastic gradient ascent; return it, ``(steps,)``."""
    generator = Generator(device=x.device).manual_seed(seed)
    optimizer = torch.optim.Adam([*p.parameters(), *q.parameters()], lr=learning_rate)
    history = torch.empty(steps, dtype=torch.float64)
    for step in range(steps):
        optimizer.zero_grad()
        value = estimator(p, q, x, q.noise(num_samples, generator), bound).mean()
        (-value).backward()
        optimizer.step()
        history[step] = value.item()
    return history
