import itertools

import torch
from torch import Tensor

NAMES = ["right", "too narrow", "correlation lost"]


def posterior(X, s):
    return torch.eye(X.shape[-1], dtype=X.dtype) + X.mT @ X / s**2


def candidates(precision, which=(0, 1, 2)):
    """The covariances that a fit may have, by name."""
    covariance = torch.linalg.inv(precision)
    narrow, lost = [], []
    for i in which:
        group = torch.arange(3) == i
        mask = (group[:, None] == group).to(precision)
        narrow.append(torch.linalg.inv(precision * mask))
        lost.append(covariance * mask)
    return [[covariance], narrow, lost]


def fit_scores(draws, designs, y, scales, **keys):
    """(fit, name): the log-density per draw of the best candidate."""
    rows = []
    for sample, X, data, s in zip(draws, designs, y, scales):
        precision = posterior(X, s)
        away = sample - torch.linalg.solve(precision, X.mT @ data / s**2)
        scatter = away.mT @ away / len(away)
        rows.append([max(float(-0.5 * (torch.logdet(S) + torch.linalg.solve(S, scatter).diagonal().sum())) for S in kind)
                     for kind in candidates(precision, **keys)])
    return rows


def order_of(scores):
    return max(itertools.permutations(range(3)), key=lambda order: sum(scores[i][n] for i, n in enumerate(order)))

# %% right multivariate_normals: torch's own MultivariateNormal scores all draws under the seven covariances, and the best of six orders is taken by the total
def name_them(draws: Tensor, design: Tensor, y: Tensor, noise: Tensor) -> list[str]:
    from torch.distributions import MultivariateNormal

    table = []
    for sample, X, data, s in zip(draws, design, y, noise):
        precision = torch.eye(3, dtype=X.dtype) + torch.einsum("ni,nj->ij", X, X) / s**2
        mean = torch.linalg.solve(precision, torch.einsum("ni,n->i", X, data) / s**2)
        table.append([max(MultivariateNormal(mean, covariance_matrix=0.5 * (S + S.mT)).log_prob(sample).sum().item() for S in kind) for kind in candidates(precision)])
    orders = {sum(table[i][n] for i, n in enumerate(order)): order for order in itertools.permutations(range(3))}
    return [NAMES[n] for n in orders[max(orders)]]

# %% wrong the_first_weight_is_alone: holds the first weight for the independent one in all fits, though nobody said which it is
def name_them(draws: Tensor, design: Tensor, y: Tensor, noise: Tensor) -> list[str]:
    return [NAMES[n] for n in order_of(fit_scores(draws, design, y, noise, which=(0,)))]

# %% wrong one_design_for_all: takes the three regressions for three fits of one, and compares all of them with the posterior of the first
def name_them(draws: Tensor, design: Tensor, y: Tensor, noise: Tensor) -> list[str]:
    first = [v[:1].expand_as(v) for v in (design, y, noise)]
    return [NAMES[n] for n in order_of(fit_scores(draws, *first))]

# %% wrong persons_of_names: finds the best order and gives the fit of each name where the name of each fit was asked; the same unless all three change places
def name_them(draws: Tensor, design: Tensor, y: Tensor, noise: Tensor) -> list[str]:
    scores = fit_scores(draws, design, y, noise)
    order = order_of([list(column) for column in zip(*scores)])
    return [NAMES[fit] for fit in order]

# %% wrong deviations_only: compares standard deviations with the posterior's; the narrowest for its posterior is too narrow, and of the other two the one that is nearer is right, though both have the same
def name_them(draws: Tensor, design: Tensor, y: Tensor, noise: Tensor) -> list[str]:
    off, below = [], []
    for sample, X, s in zip(draws, design, noise):
        exact = torch.linalg.inv(posterior(X, s)).diagonal().sqrt()
        ratio = sample.std(0) / exact
        below.append(float(ratio.log().sum()))
        off.append(float((ratio.log() ** 2).sum()))
    narrow = min(range(3), key=lambda i: below[i])
    rest = sorted((i for i in range(3) if i != narrow), key=lambda i: off[i])
    names = [""] * 3
    names[narrow], names[rest[0]], names[rest[1]] = "too narrow", "right", "correlation lost"
    return names
