import math
import torch
import torch.nn.functional as F
from torch import Tensor


def tables(decoder, z, logw, x):
    """log p(x), (N), and posterior means, (N, D), by a quadrature with points z, (G, D), and log weights with the prior in, (G)."""
    x = x.double()
    tops, sums, means = None, None, None
    for part, w in zip(z.split(20000), logw.split(20000)):
        logits = decoder(part).double()
        joint = x @ logits.T - F.softplus(logits).sum(-1) + w
        top = joint.max(1).values
        if tops is None:
            tops, sums, means = top, torch.zeros_like(top), torch.zeros(len(x), z.shape[1], dtype=torch.float64)
        new = torch.maximum(tops, top)
        p = (joint - new[:, None]).exp()
        old = (tops - new).exp()
        sums = sums * old + p.sum(1)
        means = means * old[:, None] + p @ part
        tops = new
    return tops + sums.log(), means / sums[:, None]


def answer(first, second, x, z, logw):
    a, m = tables(first, z, logw, x)
    b, n = tables(second, z, logw, x)
    return (a - b).abs().max(), (m - n).norm(dim=1).max()


def prior(z):
    return -0.5 * z.square().sum(-1) - 0.5 * z.shape[-1] * math.log(2 * math.pi)


def grid(D, reach, count):
    axis = torch.linspace(-reach, reach, count, dtype=torch.float64)
    z = torch.stack(torch.meshgrid(*[axis] * D, indexing="ij"), -1).reshape(-1, D)
    return z, prior(z) + D * math.log(2 * reach / (count - 1))

# %% right rectangle_grid: a square grid of step 0.04, rectangle rule
def same_data(first, second, x, latent_dim):
    return answer(first, second, x, *grid(latent_dim, 8.5, 426))

# %% right gauss_legendre: panels of Gauss-Legendre nodes, tensor product
def same_data(first, second, x, latent_dim):
    import numpy as np
    nodes, weights = np.polynomial.legendre.leggauss(12)
    edges = np.linspace(-8.5, 8.5, 29)
    half = (edges[1] - edges[0]) / 2
    axis = torch.tensor(((edges[:-1] + edges[1:]) / 2)[:, None] + half * nodes).reshape(-1)
    w = torch.tensor(half * weights).repeat(28).log()
    if latent_dim == 1:
        z, logw = axis[:, None], w
    else:
        z, logw = torch.cartesian_prod(axis, axis), (w[:, None] + w).reshape(-1)
    return answer(first, second, x, z, logw + prior(z))

# %% right polar: in two dimensions radius by panels and angle by a fine circle, in one both half lines
def same_data(first, second, x, latent_dim):
    import numpy as np
    nodes, weights = np.polynomial.legendre.leggauss(12)
    edges = np.linspace(0, 8.5, 17)
    half = (edges[1] - edges[0]) / 2
    r = torch.tensor(((edges[:-1] + edges[1:]) / 2)[:, None] + half * nodes).reshape(-1)
    w = torch.tensor(half * weights).repeat(16)
    if latent_dim == 1:
        z, logw = torch.cat([r, -r])[:, None], torch.cat([w, w]).log()
    else:
        n = 720
        angle = torch.arange(n, dtype=torch.float64) * 2 * math.pi / n
        z = (r[:, None, None] * torch.stack([angle.cos(), angle.sin()], -1)).reshape(-1, 2)
        logw = (w * r * 2 * math.pi / n).log()[:, None].expand(-1, n).reshape(-1)
    return answer(first, second, x, z, logw + prior(z))

# %% wrong coarse_grid: steps of 0.75 out to 6; rotations make a gap then
def same_data(first, second, x, latent_dim):
    return answer(first, second, x, *grid(latent_dim, 6.0, 17))

# %% wrong short_grid: a fine grid out to 2.5 alone, where one latent has 99 percent; what is twisted or stretched leaves the square
def same_data(first, second, x, latent_dim):
    return answer(first, second, x, *grid(latent_dim, 2.5, 251))

# %% wrong no_prior: a flat prior on the square; a shear or a stretch is not seen then (but at the edge)
def same_data(first, second, x, latent_dim):
    z, logw = grid(latent_dim, 8.0, 321)
    return answer(first, second, x, z, torch.zeros_like(logw))

# %% wrong signed_difference: the largest of log p - log q without its size; half of the time the largest difference is negative
def same_data(first, second, x, latent_dim):
    z, logw = grid(latent_dim, 8.5, 341)
    a, m = tables(first, z, logw, x)
    b, n = tables(second, z, logw, x)
    return (a - b).max(), (m - n).norm(dim=1).max()

# %% wrong mean_over_rows: the mean of differences' sizes, and of distances; the exercise asks for the largest
def same_data(first, second, x, latent_dim):
    z, logw = grid(latent_dim, 8.5, 341)
    a, m = tables(first, z, logw, x)
    b, n = tables(second, z, logw, x)
    return (a - b).abs().mean(), (m - n).norm(dim=1).mean()

# %% wrong largest_coordinate: the largest change of one coordinate, not the Euclidean distance; the same for one latent
def same_data(first, second, x, latent_dim):
    z, logw = grid(latent_dim, 8.5, 341)
    a, m = tables(first, z, logw, x)
    b, n = tables(second, z, logw, x)
    return (a - b).abs().max(), (m - n).abs().max()

# %% wrong posterior_mode: the most probable grid point in place of the posterior mean
def same_data(first, second, x, latent_dim):
    z, logw = grid(latent_dim, 8.5, 341)
    out = []
    for decoder in (first, second):
        logits = decoder(z).double()
        joint = x.double() @ logits.T - F.softplus(logits).sum(-1) + logw
        out.append((joint.logsumexp(1), z[joint.argmax(1)]))
    return (out[0][0] - out[1][0]).abs().max(), (out[0][1] - out[1][1]).norm(dim=1).max()

# %% wrong monte_carlo: 20,000 draws from the prior, the same for both decoders, after torch.manual_seed(0); two digits at best, and the global stream is reset
def same_data(first, second, x, latent_dim):
    torch.manual_seed(0)
    z = torch.randn(20000, latent_dim, dtype=torch.float64)
    return answer(first, second, x, z, torch.full((20000,), -math.log(20000), dtype=torch.float64))

# %% wrong logarithm_inside: averages log p(x | z) over the prior; the logarithm must be last. Zero where it should be, for rotations
def same_data(first, second, x, latent_dim):
    z, logw = grid(latent_dim, 8.5, 341)
    w = logw.exp()
    out = []
    for decoder in (first, second):
        logits = decoder(z).double()
        like = x.double() @ logits.T - F.softplus(logits).sum(-1)
        out.append((like @ w, torch.softmax(like + logw, 1) @ z))
    return (out[0][0] - out[1][0]).abs().max(), (out[0][1] - out[1][1]).norm(dim=1).max()

# %% wrong gauss_hermite_few: fifteen Gauss-Hermite nodes for each latent; exact for polynomials, decoders are none
def same_data(first, second, x, latent_dim):
    import numpy as np
    nodes, weights = np.polynomial.hermite_e.hermegauss(15)
    axis, w = torch.tensor(nodes), torch.tensor(weights / weights.sum()).log()
    if latent_dim == 1:
        return answer(first, second, x, axis[:, None], w)
    return answer(first, second, x, torch.cartesian_prod(axis, axis), (w[:, None] + w).reshape(-1))

# %% wrong clamped_probabilities: pixel probabilities clamped to [0.001, 0.999] before the logarithm; log p(x) of rare rows is cut off
def same_data(first, second, x, latent_dim):
    z, logw = grid(latent_dim, 8.5, 341)
    x = x.double()
    out = []
    for decoder in (first, second):
        p = torch.sigmoid(decoder(z).double()).clamp(1e-3, 1 - 1e-3)
        joint = x @ p.log().T + (1 - x) @ (1 - p).log().T + logw
        out.append((joint.logsumexp(1), torch.softmax(joint, 1) @ z))
    return (out[0][0] - out[1][0]).abs().max(), (out[0][1] - out[1][1]).norm(dim=1).max()

# %% wrong epsilon_in_the_logarithm: log(p(x) + 1e-4) against log of zero; wrong where p(x) is small
def same_data(first, second, x, latent_dim):
    z, logw = grid(latent_dim, 8.5, 341)
    a, m = tables(first, z, logw, x)
    b, n = tables(second, z, logw, x)
    return ((a.exp() + 1e-4).log() - (b.exp() + 1e-4).log()).abs().max(), (m - n).norm(dim=1).max()
