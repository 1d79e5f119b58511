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


def moments(transition, transition_cov, emission, emission_cov, initial_loc, initial_cov, x):
    """Per step the law before the datum and after all data: loc (*B, T, d) and covariance (T, d, d) each."""
    model = LinearGaussianSSM(transition, emission, transition_cov, emission_cov, initial_loc, initial_cov, x.shape[-2]).requires_grad_(False)
    found, smooth = model.filter(x.flatten(-2)), model.smooth(x.flatten(-2))
    before = torch.cat([initial_loc.expand_as(found.loc[..., :1, :]), found.loc[..., :-1, :] @ transition.T], -2)
    spread = torch.cat([initial_cov[None], transition @ found.covariance[:-1] @ transition.T + transition_cov])
    return before, spread, smooth.loc, smooth.covariance


# %% wrong lognormal: log Z-hat is taken to be normal, so that its variance is log(1 + V / N) and its mean minus half of that; that has the same leading order, which is what is asked, and higher ones that nobody asked for and that are wrong
def predicted_noise(
    transition: Tensor, transition_cov: Tensor, emission: Tensor, emission_cov: Tensor, initial_loc: Tensor, initial_cov: Tensor,
    x: Tensor, num_particles: int,
) -> Tensor:
    before, spread, loc, cov = moments(transition, transition_cov, emission, emission_cov, initial_loc, initial_cov, x)
    total = sum(excess(loc[..., t, :], cov[t], before[..., t, :], spread[t]) for t in range(x.shape[-2]))
    variance = (total / num_particles).log1p()
    return torch.stack([variance, -0.5 * variance])

# %% wrong one_coordinate_after_the_other: the integral over z is taken coordinate by coordinate, with the marginals of both densities, and multiplied; right for d = 1
def predicted_noise(
    transition: Tensor, transition_cov: Tensor, emission: Tensor, emission_cov: Tensor, initial_loc: Tensor, initial_cov: Tensor,
    x: Tensor, num_particles: int,
) -> Tensor:
    before, spread, loc, cov = moments(transition, transition_cov, emission, emission_cov, initial_loc, initial_cov, x)
    total = 0.0
    for t in range(x.shape[-2]):
        part = 1.0
        for i in range(len(initial_loc)):
            part = part * (1 + excess(loc[..., t, i : i + 1], cov[t, i : i + 1, i : i + 1], before[..., t, i : i + 1], spread[t, i : i + 1, i : i + 1]))
        total = total + part - 1
    return torch.stack([total, -0.5 * total]) / num_particles

# %% wrong three_steps_ahead: what a particle is worth is read off a smoother that looks three data ahead, as what comes later is forgotten; an approximation, and exact only for series of four steps or fewer
def predicted_noise(
    transition: Tensor, transition_cov: Tensor, emission: Tensor, emission_cov: Tensor, initial_loc: Tensor, initial_cov: Tensor,
    x: Tensor, num_particles: int,
) -> Tensor:
    total, steps = 0.0, x.shape[-2]
    for t in range(steps):
        near = x[..., : min(t + 4, steps), :]
        before, spread, loc, cov = moments(transition, transition_cov, emission, emission_cov, initial_loc, initial_cov, near)
        total = total + excess(loc[..., t, :], cov[t], before[..., t, :], spread[t])
    return torch.stack([total, -0.5 * total]) / num_particles
