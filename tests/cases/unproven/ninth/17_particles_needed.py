import torch
from torch import Tensor

from course_vi.models import LinearGaussianSSM


def excess(top_loc: Tensor, top_cov: Tensor, loc: Tensor, cov: Tensor) -> Tensor:
    """The integral of N(top)^2 / N(below), less one; (*B)."""
    p, r = torch.linalg.inv(top_cov), torch.linalg.inv(cov)
    left = 2 * p - r
    u = ((top_loc - loc) @ r.mT)
    form = (u * (top_loc - loc)).sum(-1) + (u * torch.linalg.solve(left, u.unsqueeze(-1)).squeeze(-1)).sum(-1)
    return (torch.logdet(p) - 0.5 * torch.logdet(r) - 0.5 * torch.logdet(left) + 0.5 * form).expm1()


def block(a: Tensor, b: Tensor, c: Tensor) -> Tensor:
    return torch.cat([torch.cat([a, b], 1), torch.cat([b.T, c], 1)])


def constants(transition, transition_cov, emission, emission_cov, initial_loc, initial_cov, x, first=True, cross=None):
    """N times the variance for both filters. cross: what takes the place of the smoother's cross-covariance."""
    steps = x.shape[-2]
    model = LinearGaussianSSM(transition, emission, transition_cov, emission_cov, initial_loc, initial_cov, steps).requires_grad_(False)
    found, smooth = model.filter(x.flatten(-2)), model.smooth(x.flatten(-2))
    innovation = emission @ transition_cov @ emission.T + emission_cov
    gain = torch.linalg.solve(innovation, emission @ transition_cov).T
    keep = torch.eye(len(transition), dtype=x.dtype) - gain @ emission
    onward, left = keep @ transition, keep @ transition_cov
    left = 0.5 * (left + left.T)
    plain = excess(smooth.loc[..., 0, :], smooth.covariance[0], initial_loc, initial_cov)
    better = excess(smooth.loc[..., 0, :], smooth.covariance[0], found.loc[..., 0, :], found.covariance[0]) if first else torch.zeros_like(plain)
    for t in range(1, steps):
        old, f = found.loc[..., t - 1, :], found.covariance[t - 1]
        plain = plain + excess(smooth.loc[..., t, :], smooth.covariance[t], old @ transition.T, transition @ f @ transition.T + transition_cov)
        drawn = torch.cat([old, old @ onward.T + x[..., t, :] @ gain.T], -1)
        wanted = torch.cat([smooth.loc[..., t - 1, :], smooth.loc[..., t, :]], -1)
        both = smooth.cross[t - 1] if cross is None else cross(smooth.covariance[t - 1], onward)
        better = better + excess(
            wanted, block(smooth.covariance[t - 1], both, smooth.covariance[t]), drawn, block(f, f @ onward.T, onward @ f @ onward.T + left)
        )
    return torch.stack([plain, better])


# %% wrong proposals_own_link: the two states of a pair are taken to hang together, given all data, as the proposal links them; the data to come change that link as well as the marginals
def particles_needed(
    transition: Tensor, transition_cov: Tensor, emission: Tensor, emission_cov: Tensor, initial_loc: Tensor, initial_cov: Tensor,
    x: Tensor, error: float,
) -> Tensor:
    found = constants(
        transition, transition_cov, emission, emission_cov, initial_loc, initial_cov, x, cross=lambda cov, onward: cov @ onward.T
    )
    return found / error**2

# %% wrong lognormal: the N at which a normal log Z-hat, whose variance is log(1 + V / N), has the standard error; the leading order, which is asked, is V / N
def particles_needed(
    transition: Tensor, transition_cov: Tensor, emission: Tensor, emission_cov: Tensor, initial_loc: Tensor, initial_cov: Tensor,
    x: Tensor, error: float,
) -> Tensor:
    found = constants(transition, transition_cov, emission, emission_cov, initial_loc, initial_cov, x)
    return found / torch.expm1(torch.tensor(float(error) ** 2, dtype=x.dtype))

# %% wrong equal_weights_cost_nothing: in the second filter's first step all particles weigh the same, so that generation is left out; its draws are resampled all the same, and were drawn without the data to come
def particles_needed(
    transition: Tensor, transition_cov: Tensor, emission: Tensor, emission_cov: Tensor, initial_loc: Tensor, initial_cov: Tensor,
    x: Tensor, error: float,
) -> Tensor:
    return constants(transition, transition_cov, emission, emission_cov, initial_loc, initial_cov, x, first=False) / error**2
