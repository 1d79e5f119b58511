import torch
from torch import Tensor


def from_the_others(row: Tensor, told: Tensor, loc: float, cov: Tensor, level_cov: Tensor, t: int, use: list[int]) -> tuple[Tensor, Tensor]:
    """Mean of year t, and the variance of its level, given the years of `use`."""
    if not use:
        return torch.tensor(float(loc), dtype=torch.float64), level_cov[t, t]
    k = torch.linalg.solve(cov[use][:, use], level_cov[use][:, t])
    return loc + k @ (row[use] - loc), level_cov[t, t] - k @ level_cov[use][:, t]


def each_year(x: Tensor, seen: Tensor, loc: float, level_cov: Tensor, data_var: float, choose, noise) -> tuple[Tensor, Tensor]:
    steps = x.shape[-1]
    cov = level_cov + data_var * torch.eye(steps, dtype=torch.float64)
    rows, masks = x.reshape(-1, steps).double(), seen.reshape(-1, steps)
    means, variances = torch.zeros(rows.shape, dtype=torch.float64), torch.zeros(rows.shape, dtype=torch.float64)
    for n in range(len(rows)):
        years = [t for t in range(steps) if masks[n, t]]
        for t in range(steps):
            mean, level = from_the_others(rows[n], masks[n], loc, cov, level_cov, t, choose(t, [s for s in years if s != t]))
            means[n, t], variances[n, t] = mean, level + noise(bool(masks[n, t]))
    return means.reshape(x.shape), variances.reshape(x.shape)


def walk(steps: int, start_var: float, move_var: float, before: int = 0) -> Tensor:
    years = torch.arange(steps, dtype=torch.float64)
    return start_var + move_var * (torch.minimum(years[:, None], years) + before)

# %% wrong two_neighbours: a year is predicted from the last one seen before it and the first one seen after it, as the level is a Markov chain; it is, but the data are not
def predict_years(x: Tensor, seen: Tensor, start: float, start_var: float, move_var: float, data_var: float) -> tuple[Tensor, Tensor]:
    def nearest(t: int, others: list[int]) -> list[int]:
        return [s for s in others if s < t][-1:] + [s for s in others if s > t][:1]

    return each_year(x, seen, start, walk(x.shape[-1], start_var, move_var), data_var, nearest, lambda _: data_var)

# %% wrong moved_once_more: the level of the first year has moved once from the start, and its variance is start_var + move_var; the statement's z_1 is the start itself
def predict_years(x: Tensor, seen: Tensor, start: float, start_var: float, move_var: float, data_var: float) -> tuple[Tensor, Tensor]:
    return each_year(x, seen, start, walk(x.shape[-1], start_var, move_var, 1), data_var, lambda t, others: others, lambda _: data_var)

# %% wrong hidden_levels: where a year was seen its datum is predicted, with the variance of a measurement; where it was not, there is no measurement, and the variance is that of the level alone
def predict_years(x: Tensor, seen: Tensor, start: float, start_var: float, move_var: float, data_var: float) -> tuple[Tensor, Tensor]:
    return each_year(
        x, seen, start, walk(x.shape[-1], start_var, move_var), data_var, lambda t, others: others, lambda there: data_var if there else 0.0
    )
