import math
import torch
from torch import Tensor
from course_vi.families import MeanField
from course_vi.models import ConjugateToy


def slopes(z, x):
    """d/dz log p(x, z) of the toy."""
    return x - 2 * z

# %% right on_paper: the derivatives by hand for all replicates at once
def landing_variances(loc: Tensor, log_scale: Tensor, x: Tensor, replicates: int,
                      generator: torch.Generator) -> Tensor:
    eps = torch.randn(replicates, generator=generator, dtype=loc.dtype)
    s = log_scale.exp()
    z = loc + s * eps
    total = torch.stack([slopes(z, x), slopes(z, x) * s * eps + 1], -1)
    path = torch.stack([slopes(z, x) + eps / s, (slopes(z, x) + eps / s) * s * eps], -1)
    return torch.stack([total.var(0), path.var(0)])

# %% right replicates_as_a_batch: one backward pass through a family with a row of parameters for each replicate
def landing_variances(loc: Tensor, log_scale: Tensor, x: Tensor, replicates: int,
                      generator: torch.Generator) -> Tensor:
    rows = [t.detach().expand(replicates, 1).clone() for t in (loc, log_scale)]
    q, p = MeanField(1, *rows), ConjugateToy().to(loc.dtype)
    eps = torch.randn(1, replicates, 1, generator=generator, dtype=loc.dtype)
    xs = x.expand(replicates, 1)
    result = []
    for log_q in (q, lambda x_, z_: q.frozen_log_prob(z_, x_)):
        z = q.transport(eps, xs)
        log_w = p.log_joint(xs, z) - log_q(xs, z)
        result.append(torch.cat(torch.autograd.grad(log_w.sum(), (q.loc, q.log_scale)), -1).var(0))
    return torch.stack(result)

# %% right vmapped_gradients: torch.func.grad of a one-sample surrogate, vmapped over noise; covariance of all four columns
def landing_variances(loc: Tensor, log_scale: Tensor, x: Tensor, replicates: int,
                      generator: torch.Generator) -> Tensor:
    def log_w(lam, eps, inside):
        z = lam[0] + lam[1].exp() * eps
        log_p = -0.5 * z**2 - 0.5 * (x[0] - z) ** 2
        return log_p + 0.5 * ((z - inside[0]) / inside[1].exp()) ** 2 + inside[1]

    lam = torch.cat([loc, log_scale]).detach()
    noise = torch.randn(replicates, generator=generator, dtype=loc.dtype)
    total = torch.func.vmap(torch.func.grad(lambda l, e: log_w(l, e, l)), (None, 0))(lam, noise)
    path = torch.func.vmap(torch.func.grad(lambda l, e: log_w(l, e, lam)), (None, 0))(lam, noise)
    return torch.cov(torch.cat([total, path], -1).T).diagonal().reshape(2, 2)

# %% wrong mean_of_squares: no means are subtracted; right at the posterior only
def landing_variances(loc: Tensor, log_scale: Tensor, x: Tensor, replicates: int,
                      generator: torch.Generator) -> Tensor:
    eps = torch.randn(replicates, generator=generator, dtype=loc.dtype)
    s = log_scale.exp()
    z = loc + s * eps
    total = torch.stack([slopes(z, x), slopes(z, x) * s * eps + 1], -1)
    path = torch.stack([slopes(z, x) + eps / s, (slopes(z, x) + eps / s) * s * eps], -1)
    return torch.stack([total, path]).square().sum(1) / (replicates - 1)

# %% wrong divided_by_R: population variance, which is too small by 1/R and seen only for few replicates
def landing_variances(loc: Tensor, log_scale: Tensor, x: Tensor, replicates: int,
                      generator: torch.Generator) -> Tensor:
    eps = torch.randn(replicates, generator=generator, dtype=loc.dtype)
    s = log_scale.exp()
    z = loc + s * eps
    total = torch.stack([slopes(z, x), slopes(z, x) * s * eps + 1], -1)
    path = torch.stack([slopes(z, x) + eps / s, (slopes(z, x) + eps / s) * s * eps], -1)
    return torch.stack([total.var(0, correction=0), path.var(0, correction=0)])

# %% wrong exact_formulas: the theoretical variances in closed form; nothing is measured and no noise is drawn
def landing_variances(loc: Tensor, log_scale: Tensor, x: Tensor, replicates: int,
                      generator: torch.Generator) -> Tensor:
    s, d = log_scale.exp(), x - 2 * loc
    k = 1 / s - 2 * s
    return torch.stack([torch.cat([4 * s**2, (d * s) ** 2 + 8 * s**4]), torch.cat([k**2, (d * s) ** 2 + 2 * (k * s) ** 2])])

# %% wrong gradient_for_the_scale: the second column is the gradient for sigma, not for log sigma
def landing_variances(loc: Tensor, log_scale: Tensor, x: Tensor, replicates: int,
                      generator: torch.Generator) -> Tensor:
    eps = torch.randn(replicates, generator=generator, dtype=loc.dtype)
    s = log_scale.exp()
    z = loc + s * eps
    total = torch.stack([slopes(z, x), slopes(z, x) * eps + 1 / s], -1)
    path = torch.stack([slopes(z, x) + eps / s, (slopes(z, x) + eps / s) * eps], -1)
    return torch.stack([total.var(0), path.var(0)])

# %% wrong antithetic_replicates: half of the replicates are mirror images of the other half, so they are not independent and the variance is biased where the gradient is linear
def landing_variances(loc: Tensor, log_scale: Tensor, x: Tensor, replicates: int,
                      generator: torch.Generator) -> Tensor:
    half = torch.randn((replicates + 1) // 2, generator=generator, dtype=loc.dtype)
    eps = torch.cat([half, -half])[:replicates]
    s = log_scale.exp()
    z = loc + s * eps
    total = torch.stack([slopes(z, x), slopes(z, x) * s * eps + 1], -1)
    path = torch.stack([slopes(z, x) + eps / s, (slopes(z, x) + eps / s) * s * eps], -1)
    return torch.stack([total.var(0), path.var(0)])

# %% wrong always_a_thousand: the argument is ignored beyond 1000, and more replicates do not make the answer more precise
def landing_variances(loc: Tensor, log_scale: Tensor, x: Tensor, replicates: int,
                      generator: torch.Generator) -> Tensor:
    eps = torch.randn(min(replicates, 1000), generator=generator, dtype=loc.dtype)
    s = log_scale.exp()
    z = loc + s * eps
    total = torch.stack([slopes(z, x), slopes(z, x) * s * eps + 1], -1)
    path = torch.stack([slopes(z, x) + eps / s, (slopes(z, x) + eps / s) * s * eps], -1)
    return torch.stack([total.var(0), path.var(0)])

# %% wrong seeded_inside: a fresh generator is made from the seed of the one given, so a second call repeats the first and the given one never moves
def landing_variances(loc: Tensor, log_scale: Tensor, x: Tensor, replicates: int,
                      generator: torch.Generator) -> Tensor:
    own = torch.Generator().manual_seed(generator.initial_seed())
    eps = torch.randn(replicates, generator=own, dtype=loc.dtype)
    s = log_scale.exp()
    z = loc + s * eps
    total = torch.stack([slopes(z, x), slopes(z, x) * s * eps + 1], -1)
    path = torch.stack([slopes(z, x) + eps / s, (slopes(z, x) + eps / s) * s * eps], -1)
    return torch.stack([total.var(0), path.var(0)])

# %% wrong global_seed_from_generator: torch's global stream is seeded from the generator, which changes everybody else's random numbers
def landing_variances(loc: Tensor, log_scale: Tensor, x: Tensor, replicates: int,
                      generator: torch.Generator) -> Tensor:
    torch.manual_seed(int(torch.randint(2**31, (1,), generator=generator)))
    z = torch.distributions.Normal(loc, log_scale.exp()).sample((replicates,))[:, 0]
    s = log_scale.exp()
    eps = (z - loc) / s
    total = torch.stack([slopes(z, x), slopes(z, x) * s * eps + 1], -1)
    path = torch.stack([slopes(z, x) + eps / s, (slopes(z, x) + eps / s) * s * eps], -1)
    return torch.stack([total.var(0), path.var(0)])

# %% wrong path_without_log_q: the row of the path derivative has only the slope of log p, so it does not vanish at the posterior
def landing_variances(loc: Tensor, log_scale: Tensor, x: Tensor, replicates: int,
                      generator: torch.Generator) -> Tensor:
    eps = torch.randn(replicates, generator=generator, dtype=loc.dtype)
    s = log_scale.exp()
    z = loc + s * eps
    total = torch.stack([slopes(z, x), slopes(z, x) * s * eps + 1], -1)
    path = torch.stack([slopes(z, x), slopes(z, x) * s * eps], -1)
    return torch.stack([total.var(0), path.var(0)])

# %% wrong single_precision_noise: all is computed in float32 and the landing is zero to rounding of single precision only
def landing_variances(loc: Tensor, log_scale: Tensor, x: Tensor, replicates: int,
                      generator: torch.Generator) -> Tensor:
    m, s, y = loc.float(), log_scale.float().exp(), x.float()
    eps = torch.randn(replicates, generator=generator)
    z = m + s * eps
    total = torch.stack([slopes(z, y), slopes(z, y) * s * eps + 1], -1)
    path = torch.stack([slopes(z, y) + (z - m) / s**2, (slopes(z, y) + (z - m) / s**2) * s * eps], -1)
    return torch.stack([total.var(0), path.var(0)]).to(loc.dtype)

# %% wrong trimmed_outliers: gradients beyond three standard deviations are dropped, which makes every variance too small by a few percent
def landing_variances(loc: Tensor, log_scale: Tensor, x: Tensor, replicates: int,
                      generator: torch.Generator) -> Tensor:
    eps = torch.randn(replicates, generator=generator, dtype=loc.dtype)
    eps = eps[eps.abs() < 3] if replicates > 50 else eps
    s = log_scale.exp()
    z = loc + s * eps
    total = torch.stack([slopes(z, x), slopes(z, x) * s * eps + 1], -1)
    path = torch.stack([slopes(z, x) + eps / s, (slopes(z, x) + eps / s) * s * eps], -1)
    return torch.stack([total.var(0), path.var(0)])

# %% wrong pairs_of_samples: each gradient is the average of two samples, so all variances are half of those of one-sample gradients, put right by a factor two in the first row only
def landing_variances(loc: Tensor, log_scale: Tensor, x: Tensor, replicates: int,
                      generator: torch.Generator) -> Tensor:
    eps = torch.randn(2, replicates, generator=generator, dtype=loc.dtype)
    s = log_scale.exp()
    z = loc + s * eps
    total = torch.stack([slopes(z, x), slopes(z, x) * s * eps + 1], -1).mean(0)
    path = torch.stack([slopes(z, x) + eps / s, (slopes(z, x) + eps / s) * s * eps], -1).mean(0)
    return torch.stack([2 * total.var(0), path.var(0)])
