import math
import torch
from torch import Tensor
from torch.distributions import Independent, MultivariateNormal, Normal, kl_divergence


def precision_and_mean(weight, variance, x):
    precision = torch.eye(weight.shape[1], dtype=weight.dtype) + weight.T @ weight / variance
    return precision, torch.linalg.solve(precision, (x @ weight / variance).unsqueeze(-1)).squeeze(-1)

# %% right torch_kl: kl_divergence between torch's own Gaussians, datum by datum
def gaps(weight: Tensor, variance: Tensor, x: Tensor, loc: Tensor, log_scale: Tensor) -> tuple[Tensor, Tensor]:
    D = weight.shape[1]
    precision, m = precision_and_mean(weight, variance, x)
    flat = [t.reshape(-1, D) for t in (m, loc, log_scale)]
    pairs = []
    for mean, mu, rho in zip(*flat):
        posterior = MultivariateNormal(mean, precision_matrix=precision)
        full = lambda a, s: MultivariateNormal(a, scale_tril=torch.diag(s))
        best = kl_divergence(full(mean, precision.diagonal().rsqrt()), posterior)
        pairs.append(torch.stack([best, kl_divergence(full(mu, rho.exp()), posterior) - best]))
    pairs = torch.stack(pairs).reshape(*loc.shape[:-1], 2)
    return pairs[..., 0], pairs[..., 1]

# %% right two_divergences: the formula at the best q and at the given one
def _kl(precision, m, loc, log_scale):
    d = loc - m
    trace = (precision.diagonal() * (2 * log_scale).exp()).sum(-1)
    square = torch.einsum("...i,ij,...j->...", d, precision, d)
    return 0.5 * (trace + square - m.shape[-1] - 2 * log_scale.sum(-1) - torch.logdet(precision))


def gaps(weight: Tensor, variance: Tensor, x: Tensor, loc: Tensor, log_scale: Tensor) -> tuple[Tensor, Tensor]:
    precision, m = precision_and_mean(weight, variance, x)
    best = _kl(precision, m, m, (-0.5 * precision.diagonal().log()).expand_as(m))
    return best, _kl(precision, m, loc, log_scale) - best

# %% right simplified: the differences worked out on paper
def gaps(weight: Tensor, variance: Tensor, x: Tensor, loc: Tensor, log_scale: Tensor) -> tuple[Tensor, Tensor]:
    precision, m = precision_and_mean(weight, variance, x)
    diagonal = precision.diagonal()
    first = 0.5 * (diagonal.log().sum() - torch.linalg.slogdet(precision)[1])
    d = loc - m
    scaled = diagonal * (2 * log_scale).exp()
    second = 0.5 * ((scaled - scaled.log() - 1).sum(-1) + ((d @ precision) * d).sum(-1))
    return first.expand_as(second).clone(), second

# %% wrong marginal_variances: the best q is given the posterior's marginal variances
def _kl(precision, m, loc, log_scale):
    d = loc - m
    trace = (precision.diagonal() * (2 * log_scale).exp()).sum(-1)
    square = torch.einsum("...i,ij,...j->...", d, precision, d)
    return 0.5 * (trace + square - m.shape[-1] - 2 * log_scale.sum(-1) - torch.logdet(precision))


def gaps(weight: Tensor, variance: Tensor, x: Tensor, loc: Tensor, log_scale: Tensor) -> tuple[Tensor, Tensor]:
    precision, m = precision_and_mean(weight, variance, x)
    best = _kl(precision, m, m, (0.5 * torch.linalg.inv(precision).diagonal().log()).expand_as(m))
    return best, _kl(precision, m, loc, log_scale) - best

# %% wrong whole_divergence: the second result is the whole divergence; right where the approximation gap is zero
def _kl(precision, m, loc, log_scale):
    d = loc - m
    trace = (precision.diagonal() * (2 * log_scale).exp()).sum(-1)
    square = torch.einsum("...i,ij,...j->...", d, precision, d)
    return 0.5 * (trace + square - m.shape[-1] - 2 * log_scale.sum(-1) - torch.logdet(precision))


def gaps(weight: Tensor, variance: Tensor, x: Tensor, loc: Tensor, log_scale: Tensor) -> tuple[Tensor, Tensor]:
    precision, m = precision_and_mean(weight, variance, x)
    best = _kl(precision, m, m, (-0.5 * precision.diagonal().log()).expand_as(m))
    return best, _kl(precision, m, loc, log_scale)

# %% wrong variance_as_scale: variance is squared, as if sigma had been given; right for variance one
def _kl(precision, m, loc, log_scale):
    d = loc - m
    trace = (precision.diagonal() * (2 * log_scale).exp()).sum(-1)
    square = torch.einsum("...i,ij,...j->...", d, precision, d)
    return 0.5 * (trace + square - m.shape[-1] - 2 * log_scale.sum(-1) - torch.logdet(precision))


def gaps(weight: Tensor, variance: Tensor, x: Tensor, loc: Tensor, log_scale: Tensor) -> tuple[Tensor, Tensor]:
    variance = variance**2
    precision, m = precision_and_mean(weight, variance, x)
    best = _kl(precision, m, m, (-0.5 * precision.diagonal().log()).expand_as(m))
    return best, _kl(precision, m, loc, log_scale) - best

# %% wrong gap_is_a_number: the approximation gap is returned once and not for each datum
def gaps(weight: Tensor, variance: Tensor, x: Tensor, loc: Tensor, log_scale: Tensor) -> tuple[Tensor, Tensor]:
    precision, m = precision_and_mean(weight, variance, x)
    diagonal = precision.diagonal()
    first = 0.5 * (diagonal.log().sum() - torch.linalg.slogdet(precision)[1])
    d = loc - m
    scaled = diagonal * (2 * log_scale).exp()
    second = 0.5 * ((scaled - scaled.log() - 1).sum(-1) + ((d @ precision) * d).sum(-1))
    return first, second

# %% wrong diagonal_square: the quadratic form uses the diagonal of the precision only; right when means are right or the posterior is independent
def gaps(weight: Tensor, variance: Tensor, x: Tensor, loc: Tensor, log_scale: Tensor) -> tuple[Tensor, Tensor]:
    precision, m = precision_and_mean(weight, variance, x)
    diagonal = precision.diagonal()
    first = 0.5 * (diagonal.log().sum() - torch.linalg.slogdet(precision)[1])
    d = loc - m
    scaled = diagonal * (2 * log_scale).exp()
    second = 0.5 * ((scaled - scaled.log() - 1).sum(-1) + (diagonal * d * d).sum(-1))
    return first.expand_as(second).clone(), second

# %% wrong log_variances: log_scale is read as a log variance
def gaps(weight: Tensor, variance: Tensor, x: Tensor, loc: Tensor, log_scale: Tensor) -> tuple[Tensor, Tensor]:
    precision, m = precision_and_mean(weight, variance, x)
    diagonal = precision.diagonal()
    first = 0.5 * (diagonal.log().sum() - torch.linalg.slogdet(precision)[1])
    d = loc - m
    scaled = diagonal * log_scale.exp()
    second = 0.5 * ((scaled - scaled.log() - 1).sum(-1) + ((d @ precision) * d).sum(-1))
    return first.expand_as(second).clone(), second

# %% wrong jitter: 1e-4 is added to the precision's diagonal before it is used
def gaps(weight: Tensor, variance: Tensor, x: Tensor, loc: Tensor, log_scale: Tensor) -> tuple[Tensor, Tensor]:
    precision, m = precision_and_mean(weight, variance, x)
    precision = precision + 1e-4 * torch.eye(len(precision), dtype=weight.dtype)
    diagonal = precision.diagonal()
    first = 0.5 * (diagonal.log().sum() - torch.linalg.slogdet(precision)[1])
    d = loc - m
    scaled = diagonal * (2 * log_scale).exp()
    second = 0.5 * ((scaled - scaled.log() - 1).sum(-1) + ((d @ precision) * d).sum(-1))
    return first.expand_as(second).clone(), second

# %% wrong clamped_at_a_floor: both gaps are clamped below at 1e-3, and log scales at -6, as if such numbers were rounding
def gaps(weight: Tensor, variance: Tensor, x: Tensor, loc: Tensor, log_scale: Tensor) -> tuple[Tensor, Tensor]:
    precision, m = precision_and_mean(weight, variance, x)
    diagonal = precision.diagonal()
    first = 0.5 * (diagonal.log().sum() - torch.linalg.slogdet(precision)[1])
    d = loc - m
    scaled = diagonal * (2 * log_scale).exp()
    second = 0.5 * ((scaled - scaled.log() - 1).sum(-1) + ((d @ precision) * d).sum(-1))
    return first.expand_as(second).clamp_min(1e-3), second.clamp_min(1e-3)

# %% wrong determinant_underflows: the log determinant is the logarithm of a determinant guarded by 1e-30 and capped at 1e30
def gaps(weight: Tensor, variance: Tensor, x: Tensor, loc: Tensor, log_scale: Tensor) -> tuple[Tensor, Tensor]:
    precision, m = precision_and_mean(weight, variance, x)
    diagonal = precision.diagonal()
    first = 0.5 * (diagonal.log().sum() - torch.linalg.det(precision).clamp(1e-30, 1e30).log())
    d = loc - m
    scaled = diagonal * (2 * log_scale).exp()
    second = 0.5 * ((scaled - scaled.log() - 1).sum(-1) + ((d @ precision) * d).sum(-1))
    return first.expand_as(second).clone(), second

# %% wrong mean_without_its_variance: the posterior mean forgets that W'x is divided by the variance; right for variance one
def gaps(weight: Tensor, variance: Tensor, x: Tensor, loc: Tensor, log_scale: Tensor) -> tuple[Tensor, Tensor]:
    precision, m = precision_and_mean(weight, variance, x)
    m = m * variance
    diagonal = precision.diagonal()
    first = 0.5 * (diagonal.log().sum() - torch.linalg.slogdet(precision)[1])
    d = loc - m
    scaled = diagonal * (2 * log_scale).exp()
    second = 0.5 * ((scaled - scaled.log() - 1).sum(-1) + ((d @ precision) * d).sum(-1))
    return first.expand_as(second).clone(), second

# %% wrong best_of_the_batch: the divergence of the best q is that of the best datum in the batch, a minimum over rows in place of the optimum over q
def _kl(precision, m, loc, log_scale):
    d = loc - m
    trace = (precision.diagonal() * (2 * log_scale).exp()).sum(-1)
    square = torch.einsum("...i,ij,...j->...", d, precision, d)
    return 0.5 * (trace + square - m.shape[-1] - 2 * log_scale.sum(-1) - torch.logdet(precision))


def gaps(weight: Tensor, variance: Tensor, x: Tensor, loc: Tensor, log_scale: Tensor) -> tuple[Tensor, Tensor]:
    precision, m = precision_and_mean(weight, variance, x)
    whole = _kl(precision, m, loc, log_scale)
    floor = 0.5 * (precision.diagonal().log().sum() - torch.logdet(precision))
    best = torch.minimum(whole.min(), 2 * floor + 0.01) if whole.numel() > 1 else floor
    return best.expand_as(whole).clone(), whole - best

# %% wrong scales_by_a_coarse_climb: the best scales are found by thirty steps of ascent, which is not enough for sharp posteriors
def _kl(precision, m, loc, log_scale):
    d = loc - m
    trace = (precision.diagonal() * (2 * log_scale).exp()).sum(-1)
    square = torch.einsum("...i,ij,...j->...", d, precision, d)
    return 0.5 * (trace + square - m.shape[-1] - 2 * log_scale.sum(-1) - torch.logdet(precision))


def gaps(weight: Tensor, variance: Tensor, x: Tensor, loc: Tensor, log_scale: Tensor) -> tuple[Tensor, Tensor]:
    precision, m = precision_and_mean(weight, variance, x)
    rho = torch.zeros(m.shape[-1], dtype=m.dtype)
    for _ in range(30):
        rho = rho - 0.1 * (precision.diagonal() * (2 * rho).exp() - 1).clamp(-5, 5)
    best = _kl(precision, m, m, rho.expand_as(m))
    return best, _kl(precision, m, loc, log_scale) - best

# %% wrong eps_in_the_log: 1e-3 is added inside the logarithm of the scaled variances
def gaps(weight: Tensor, variance: Tensor, x: Tensor, loc: Tensor, log_scale: Tensor) -> tuple[Tensor, Tensor]:
    precision, m = precision_and_mean(weight, variance, x)
    diagonal = precision.diagonal()
    first = 0.5 * (diagonal.log().sum() - torch.linalg.slogdet(precision)[1])
    d = loc - m
    scaled = diagonal * (2 * log_scale).exp()
    second = 0.5 * ((scaled - (scaled + 1e-3).log() - 1).sum(-1) + ((d @ precision) * d).sum(-1))
    return first.expand_as(second).clone(), second

# %% wrong square_halved_twice: the quadratic form is taken with the mean over coordinates; right for D = 1
def gaps(weight: Tensor, variance: Tensor, x: Tensor, loc: Tensor, log_scale: Tensor) -> tuple[Tensor, Tensor]:
    precision, m = precision_and_mean(weight, variance, x)
    diagonal = precision.diagonal()
    first = 0.5 * (diagonal.log().sum() - torch.linalg.slogdet(precision)[1])
    d = loc - m
    scaled = diagonal * (2 * log_scale).exp()
    second = 0.5 * ((scaled - scaled.log() - 1).sum(-1) + ((d @ precision) * d).mean(-1))
    return first.expand_as(second).clone(), second

# %% wrong single_precision: computed in float32
def gaps(weight: Tensor, variance: Tensor, x: Tensor, loc: Tensor, log_scale: Tensor) -> tuple[Tensor, Tensor]:
    precision, m = (t.float() for t in precision_and_mean(weight, variance, x))
    diagonal = precision.diagonal()
    first = 0.5 * (diagonal.log().sum() - torch.linalg.slogdet(precision)[1])
    d = loc.float() - m
    scaled = diagonal * (2 * log_scale.float()).exp()
    second = 0.5 * ((scaled - scaled.log() - 1).sum(-1) + ((d @ precision) * d).sum(-1))
    return first.expand_as(second).double(), second.double()
