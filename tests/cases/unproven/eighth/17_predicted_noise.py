import math

import torch
from torch import Tensor

from course_vi.models import LinearGaussianSSM

# %% right along_common_axes: each generation in the axes in which prediction and smoother are both diagonal, where the integral is a product over eigenvalues
def predicted_noise(
    transition: Tensor, transition_cov: Tensor, emission: Tensor, emission_cov: Tensor, initial_loc: Tensor, initial_cov: Tensor,
    x: Tensor, num_particles: int,
) -> Tensor:
    model = LinearGaussianSSM(transition, emission, transition_cov, emission_cov, initial_loc, initial_cov, x.shape[-2])
    with torch.no_grad():
        before, after = model.filter(x.flatten(-2)), model.smooth(x.flatten(-2))
        total = torch.zeros(x.shape[:-2], dtype=x.dtype)
        for t in range(x.shape[-2]):
            if t:
                loc = torch.einsum("ij,...j->...i", transition, before.loc[..., t - 1, :])
                cov = transition @ before.covariance[t - 1] @ transition.mT + transition_cov
            else:
                loc, cov = initial_loc, initial_cov
            root = torch.linalg.cholesky(cov)
            half = torch.linalg.solve_triangular(root, after.covariance[t], upper=False)
            inner = torch.linalg.solve_triangular(root, half.mT, upper=False)
            narrow, axes = torch.linalg.eigh((inner + inner.mT) / 2)
            off = torch.linalg.solve_triangular(root, (after.loc[..., t, :] - loc).unsqueeze(-1), upper=False).squeeze(-1) @ axes
            total = total + torch.expm1((off.square() / (2 - narrow) - 0.5 * (narrow * (2 - narrow)).log()).sum(-1))
    return torch.stack([total, -total / 2]) / num_particles

# %% wrong lognormal: turns the relative variance of Z-hat into the variance of its logarithm by the formula for lognormals, which is more than the leading order
def predicted_noise(
    transition: Tensor, transition_cov: Tensor, emission: Tensor, emission_cov: Tensor, initial_loc: Tensor, initial_cov: Tensor,
    x: Tensor, num_particles: int,
) -> Tensor:
    model = LinearGaussianSSM(transition, emission, transition_cov, emission_cov, initial_loc, initial_cov, x.shape[-2]).requires_grad_(False)
    f, s = model.filter(x.flatten(-2)), model.smooth(x.flatten(-2))
    T, total = x.shape[-2], 0.0
    for t in range(T):
        m = f.loc[..., t - 1, :] @ transition.T if t else initial_loc
        P = transition @ f.covariance[t - 1] @ transition.T + transition_cov if t else initial_cov
        S, off = s.covariance[t], s.loc[..., t, :] - m
        wide = 2 * P - S
        quad = (off * torch.linalg.solve(wide, off.unsqueeze(-1)).squeeze(-1)).sum(-1)
        total = total + torch.expm1(quad + torch.logdet(P) - 0.5 * torch.logdet(S) - 0.5 * torch.logdet(wide))
    variance = torch.log1p(total / num_particles)
    return torch.stack([variance, -variance / 2])

# %% wrong product_of_generations: multiplies the mean squares of all generations and subtracts one at the end, as for importance sampling of whole paths
def predicted_noise(
    transition: Tensor, transition_cov: Tensor, emission: Tensor, emission_cov: Tensor, initial_loc: Tensor, initial_cov: Tensor,
    x: Tensor, num_particles: int,
) -> Tensor:
    model = LinearGaussianSSM(transition, emission, transition_cov, emission_cov, initial_loc, initial_cov, x.shape[-2]).requires_grad_(False)
    f, s = model.filter(x.flatten(-2)), model.smooth(x.flatten(-2))
    T, total = x.shape[-2], 0.0
    for t in range(T):
        m = f.loc[..., t - 1, :] @ transition.T if t else initial_loc
        P = transition @ f.covariance[t - 1] @ transition.T + transition_cov if t else initial_cov
        S, off = s.covariance[t], s.loc[..., t, :] - m
        wide = 2 * P - S
        quad = (off * torch.linalg.solve(wide, off.unsqueeze(-1)).squeeze(-1)).sum(-1)
        total = total + quad + torch.logdet(P) - 0.5 * torch.logdet(S) - 0.5 * torch.logdet(wide)
    variance = torch.expm1(total) / num_particles
    return torch.stack([variance, -variance / 2])

# %% wrong states_apart: does the integral coordinate by coordinate of the state with its own variances, which is the whole integral for d = 1 only
def predicted_noise(
    transition: Tensor, transition_cov: Tensor, emission: Tensor, emission_cov: Tensor, initial_loc: Tensor, initial_cov: Tensor,
    x: Tensor, num_particles: int,
) -> Tensor:
    model = LinearGaussianSSM(transition, emission, transition_cov, emission_cov, initial_loc, initial_cov, x.shape[-2]).requires_grad_(False)
    f, s = model.filter(x.flatten(-2)), model.smooth(x.flatten(-2))
    T, total = x.shape[-2], 0.0
    for t in range(T):
        m = f.loc[..., t - 1, :] @ transition.T if t else initial_loc
        P = (transition @ f.covariance[t - 1] @ transition.T + transition_cov if t else initial_cov).diagonal()
        S, off = s.covariance[t].diagonal(), s.loc[..., t, :] - m
        total = total + torch.expm1((off**2 / (2 * P - S) + P.log() - 0.5 * S.log() - 0.5 * (2 * P - S).log()).sum(-1))
    variance = total / num_particles
    return torch.stack([variance, -variance / 2])

# %% wrong smoothed_prediction: predicts the state of step t from the smoother's mean of the step before, which has already seen x_t and what follows
def predicted_noise(
    transition: Tensor, transition_cov: Tensor, emission: Tensor, emission_cov: Tensor, initial_loc: Tensor, initial_cov: Tensor,
    x: Tensor, num_particles: int,
) -> Tensor:
    model = LinearGaussianSSM(transition, emission, transition_cov, emission_cov, initial_loc, initial_cov, x.shape[-2]).requires_grad_(False)
    f, s = model.filter(x.flatten(-2)), model.smooth(x.flatten(-2))
    T, total = x.shape[-2], 0.0
    for t in range(T):
        m = s.loc[..., t - 1, :] @ transition.T if t else initial_loc
        P = transition @ f.covariance[t - 1] @ transition.T + transition_cov if t else initial_cov
        S, off = s.covariance[t], s.loc[..., t, :] - m
        wide = 2 * P - S
        quad = (off * torch.linalg.solve(wide, off.unsqueeze(-1)).squeeze(-1)).sum(-1)
        total = total + torch.expm1(quad + torch.logdet(P) - 0.5 * torch.logdet(S) - 0.5 * torch.logdet(wide))
    variance = total / num_particles
    return torch.stack([variance, -variance / 2])
