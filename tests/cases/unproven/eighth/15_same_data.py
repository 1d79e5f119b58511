import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

# %% right row_by_row_on_the_line: a fine grid whose log weights come from torch.distributions, one datum after another, in a closure over the decoder
def same_data(first: Callable[[Tensor], Tensor], second: Callable[[Tensor], Tensor], x: Tensor, latent_dim: int) -> tuple[Tensor, Tensor]:
    step = 0.004 if latent_dim == 1 else 0.04
    line = torch.arange(-math.ceil(8.5 / step), math.ceil(8.5 / step) + 1, dtype=torch.float64) * step
    grid = torch.cartesian_prod(*[line] * latent_dim).reshape(-1, latent_dim)
    prior = torch.distributions.Normal(torch.zeros(latent_dim, dtype=torch.float64), 1.0).log_prob(grid).sum(-1)
    prior = prior - prior.logsumexp(0)

    def answers(decoder: Callable[[Tensor], Tensor]):
        with torch.no_grad():
            logits = decoder(grid).double()
        ones, zeros = F.logsigmoid(logits), F.logsigmoid(-logits)
        for row in x.double():
            joint = prior + ones @ row + zeros @ (1 - row)
            evidence = joint.logsumexp(0)
            yield evidence, torch.einsum("g,gd->d", (joint - evidence).exp(), grid)

    pairs = [((a - b).abs(), torch.dist(m, n)) for (a, m), (b, n) in zip(answers(first), answers(second), strict=True)]
    gaps, moves = map(torch.stack, zip(*pairs, strict=True))
    return gaps.amax(), moves.amax()

# %% wrong twelve_nodes: Gauss-Hermite with twelve nodes a latent, which is exact for polynomials only, and not for decoders that bend this fast
def same_data(first: Callable[[Tensor], Tensor], second: Callable[[Tensor], Tensor], x: Tensor, latent_dim: int) -> tuple[Tensor, Tensor]:
    import numpy as np

    nodes, weights = (torch.as_tensor(part) for part in np.polynomial.hermite_e.hermegauss(12))
    z = torch.cartesian_prod(*[nodes] * latent_dim).reshape(-1, latent_dim)
    log_w = torch.cartesian_prod(*[weights.log()] * latent_dim).reshape(-1, latent_dim).sum(-1)
    log_w = log_w - log_w.logsumexp(0)
    found = []
    for decoder in (first, second):
        logits = decoder(z)
        joint = log_w + x.double() @ logits.T - F.softplus(logits).sum(-1)
        found.append((joint.logsumexp(-1), joint.softmax(-1) @ z))
    (p, m), (q, n) = found
    return (p - q).abs().max(), (m - n).norm(dim=-1).max()

# %% wrong prior_once: puts the prior into p(x) and leaves it out of the posterior's weights, as if the grid had already been drawn from it
def same_data(first: Callable[[Tensor], Tensor], second: Callable[[Tensor], Tensor], x: Tensor, latent_dim: int) -> tuple[Tensor, Tensor]:
    line = torch.linspace(-8, 8, 4001 if latent_dim == 1 else 321, dtype=torch.float64)
    z = torch.cartesian_prod(*[line] * latent_dim).reshape(-1, latent_dim)
    log_prior = (-0.5 * z.square().sum(-1)).log_softmax(0)
    found = []
    for decoder in (first, second):
        logits = decoder(z)
        log_lik = [row @ logits.T - F.softplus(logits).sum(-1) for row in x.double()]
        found.append((torch.stack([(log_prior + row).logsumexp(0) for row in log_lik]), torch.stack([row.softmax(0) @ z for row in log_lik])))
    (p, m), (q, n) = found
    return (p - q).abs().max(), (m - n).norm(dim=-1).max()

# %% wrong largest_coordinate: takes the largest difference over rows and coordinates for the distance, which is Euclidean only for one latent
def same_data(first: Callable[[Tensor], Tensor], second: Callable[[Tensor], Tensor], x: Tensor, latent_dim: int) -> tuple[Tensor, Tensor]:
    line = torch.linspace(-8, 8, 4001 if latent_dim == 1 else 321, dtype=torch.float64)
    z = torch.cartesian_prod(*[line] * latent_dim).reshape(-1, latent_dim)
    log_prior = (-0.5 * z.square().sum(-1)).log_softmax(0)
    found = []
    for decoder in (first, second):
        logits = decoder(z)
        joint = [log_prior + row @ logits.T - F.softplus(logits).sum(-1) for row in x.double()]
        found.append((torch.stack([row.logsumexp(0) for row in joint]), torch.stack([row.softmax(0) @ z for row in joint])))
    (p, m), (q, n) = found
    return (p - q).abs().max(), (m - n).abs().max()

# %% wrong same_row: looks up the move of the posterior mean at the row with the largest gap; the two maxima are over the rows each for itself
def same_data(first: Callable[[Tensor], Tensor], second: Callable[[Tensor], Tensor], x: Tensor, latent_dim: int) -> tuple[Tensor, Tensor]:
    line = torch.linspace(-8, 8, 4001 if latent_dim == 1 else 321, dtype=torch.float64)
    z = torch.cartesian_prod(*[line] * latent_dim).reshape(-1, latent_dim)
    log_prior = (-0.5 * z.square().sum(-1)).log_softmax(0)
    found = []
    for decoder in (first, second):
        logits = decoder(z)
        joint = [log_prior + row @ logits.T - F.softplus(logits).sum(-1) for row in x.double()]
        found.append((torch.stack([row.logsumexp(0) for row in joint]), torch.stack([row.softmax(0) @ z for row in joint])))
    (p, m), (q, n) = found
    gap = (p - q).abs()
    worst = gap.argmax()
    return gap[worst], (m - n).norm(dim=-1)[worst]
