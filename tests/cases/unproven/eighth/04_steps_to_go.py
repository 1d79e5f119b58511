import math

import torch
from torch import Tensor


def two_curvatures(log_joint, theta, x):
    """Curvatures of Q with r held, and of log p, at theta."""
    theta = theta.detach()
    with torch.enable_grad():
        r = log_joint(theta, x).detach().softmax(-1)
        complete = -torch.autograd.functional.hessian(lambda t: (r * log_joint(t, x)).sum(), theta)
        observed = -torch.autograd.functional.hessian(lambda t: log_joint(t, x).logsumexp(-1).sum(), theta)
    return complete, observed


# %% right bisect_on_modes: the gap is a sum over the modes of the pair of curvatures, each with its own rate; the standard library bisects for the first step that is small enough
def steps_to_go(log_joint, theta: Tensor, x: Tensor, start: Tensor) -> int:
    from bisect import bisect_left

    complete, observed = two_curvatures(log_joint, theta, x)
    L = torch.linalg.cholesky(complete)
    half = torch.linalg.solve_triangular(L, observed, upper=False)
    whole = torch.linalg.solve_triangular(L, half.T, upper=False)
    told, modes = torch.linalg.eigh((whole + whole.T) / 2)
    parts = told * (modes.T @ L.T @ (start - theta).detach()).square()
    rates = (1 - told).clamp(min=0)
    return bisect_left(range(10**6), True, key=lambda t: bool((parts * rates ** (2 * t)).sum() <= 1e-6 * parts.sum()))

# %% wrong gap_by_the_complete_information: the gap is measured with the curvature of Q, as Q is what a step maximizes; but log p has the observed one
def steps_to_go(log_joint, theta: Tensor, x: Tensor, start: Tensor) -> int:
    complete, observed = two_curvatures(log_joint, theta, x)
    step = torch.eye(len(theta), dtype=theta.dtype, device=theta.device) - torch.linalg.solve(complete, observed)
    error = (start - theta).detach()
    goal, count = 1e-6 * error @ complete @ error, 0
    while error @ complete @ error > goal:
        error, count = step @ error, count + 1
    return count

# %% wrong slowest_share_alone: the share of the gap in the slowest direction is found rightly, and then its logarithm decides; the second slowest may be what one waits for
def steps_to_go(log_joint, theta: Tensor, x: Tensor, start: Tensor) -> int:
    complete, observed = two_curvatures(log_joint, theta, x)
    L = torch.linalg.cholesky(complete)
    half = torch.linalg.solve_triangular(L, observed, upper=False)
    whole = torch.linalg.solve_triangular(L, half.T, upper=False)
    told, modes = torch.linalg.eigh((whole + whole.T) / 2)
    parts = told * (modes.T @ L.T @ (start - theta).detach()).square()
    share, rate = float(parts[0] / parts.sum()), float(1 - told[0])
    return max(math.ceil(math.log(1e-6 / share) / (2 * math.log(rate))), 1)

# %% wrong a_thousand_at_most: steps the error with the right matrix and the right gap, in a for loop of a thousand rounds, which looks like more than enough
def steps_to_go(log_joint, theta: Tensor, x: Tensor, start: Tensor) -> int:
    complete, observed = two_curvatures(log_joint, theta, x)
    step = torch.eye(len(theta), dtype=theta.dtype, device=theta.device) - torch.linalg.solve(complete, observed)
    error = (start - theta).detach()
    goal = 1e-6 * error @ observed @ error
    for count in range(1, 1001):
        error = step @ error
        if error @ observed @ error <= goal:
            break
    return count

# %% wrong orthogonal_modes: the eigenvectors of a step are taken for orthogonal, so the error is projected on them by their transpose; right for one parameter, or where the curvature of Q is round
def steps_to_go(log_joint, theta: Tensor, x: Tensor, start: Tensor) -> int:
    complete, observed = two_curvatures(log_joint, theta, x)
    told, modes = torch.linalg.eig(torch.linalg.solve(complete, observed))
    told, modes = told.real, modes.real
    weight = told * (modes.T @ (start - theta).detach()).square()
    rates, count = (1 - told).clamp(min=0), 0
    while (weight * rates ** (2 * count)).sum() > 1e-6 * weight.sum():
        count += 1
    return count
