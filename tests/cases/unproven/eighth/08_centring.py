import torch
from torch import Tensor


def entries(c, counts, sigma, tau, prior):
    """Of the precision: that of mu, those of the eta, those of mu with each eta; and the precision of mu when the eta are integrated out."""
    tight, data = 1 / tau**2, counts / sigma**2
    mu = 1 / prior**2 + (tight * (1 - c) ** 2 + data * c**2).sum()
    cross = data * c - tight * (1 - c)
    alone = 1 / prior**2 + (tight * data / (tight + data)).sum()
    return mu, tight + data, cross, alone


def best_of(counts, sigma, tau):
    return (1 / tau**2) / (1 / tau**2 + counts / sigma**2)

# %% right curvature_of_the_joint: writes the log joint down and lets autograd.functional.hessian make the precision; the gap is the log-determinant of its correlations
def centring(c: Tensor, counts: Tensor, sigma: float, tau: float, prior: float) -> tuple[Tensor, Tensor]:
    c, counts = c.detach(), counts.detach()

    def energy(w: Tensor) -> Tensor:
        mu, theta = w[0], w[1:] + c * w[0]
        return 0.5 * (mu / prior) ** 2 + 0.5 * (((theta - mu) / tau) ** 2 + counts * (theta / sigma) ** 2).sum()

    precision = torch.autograd.functional.hessian(energy, torch.zeros(len(c) + 1, dtype=c.dtype))
    scale = precision.diagonal().rsqrt()
    gap = -0.5 * torch.linalg.slogdet(precision * scale.outer(scale)).logabsdet
    return gap, torch.sigmoid(torch.log(torch.as_tensor(sigma**2 / tau**2, dtype=c.dtype)) - counts.log())

# %% wrong pair_by_pair: adds up what mean field loses on each pair of mu and one eta, which is right for one group, and too little for several
def centring(c: Tensor, counts: Tensor, sigma: float, tau: float, prior: float) -> tuple[Tensor, Tensor]:
    mu, eta, cross, _ = entries(c, counts, sigma, tau, prior)
    return -0.5 * torch.log1p(-(cross**2) / (mu * eta)).sum(), best_of(counts, sigma, tau)

# %% wrong between_the_two: clamps c to the range from centred to non-centred before it computes the gap, though it may lie outside
def centring(c: Tensor, counts: Tensor, sigma: float, tau: float, prior: float) -> tuple[Tensor, Tensor]:
    mu, _, _, alone = entries(c.clamp(0, 1), counts, sigma, tau, prior)
    return 0.5 * (mu.log() - alone.log()), best_of(counts, sigma, tau)

# %% wrong the_mean_group: finds one number, from the mean count, and gives it to all groups; right where all counts are equal
def centring(c: Tensor, counts: Tensor, sigma: float, tau: float, prior: float) -> tuple[Tensor, Tensor]:
    mu, _, _, alone = entries(c, counts, sigma, tau, prior)
    return 0.5 * (mu.log() - alone.log()), best_of(counts.mean(), sigma, tau).expand_as(counts).clone()

# %% wrong the_gap_of_mu: reports how far q's marginal of mu is from the posterior's, a KL of two normals, where the gap of all of q was asked; both are zero at the best c
def centring(c: Tensor, counts: Tensor, sigma: float, tau: float, prior: float) -> tuple[Tensor, Tensor]:
    mu, _, _, alone = entries(c, counts, sigma, tau, prior)
    ratio = alone / mu                                  # variance under q over variance under p
    return 0.5 * (ratio - 1 - ratio.log()), best_of(counts, sigma, tau)
