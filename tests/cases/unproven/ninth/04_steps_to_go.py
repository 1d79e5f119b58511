import math

import torch
from torch import Tensor


def _curvatures(log_joint, theta, x):
    theta = theta.detach()
    r = log_joint(theta, x).softmax(-1).detach()

    def complete(t):
        return -(r * log_joint(t, x)).sum()

    def observed(t):
        return -torch.logsumexp(log_joint(t, x), -1).sum()

    return tuple(torch.autograd.functional.hessian(f, theta) for f in (complete, observed))


# %% wrong slowest_direction_alone: takes the share of the gap in the slowest direction and waits for that alone, as if the others had died out by then; wrong where the second slowest is not much faster or the slowest has almost nothing
def steps_to_go(log_joint, theta: Tensor, x: Tensor, start: Tensor) -> int:
    complete, observed = _curvatures(log_joint, theta, x)
    L = torch.linalg.cholesky(observed)
    symmetric = L.T @ torch.linalg.solve(complete, L)                  # similar to complete^-1 observed
    values, vectors = torch.linalg.eigh(symmetric)
    parts = (vectors.T @ (L.T @ (start - theta))).square()
    share, rate = float(parts[0] / parts.sum()), 1 - float(values[0])
    return max(1, math.ceil(math.log(1e-6 / share) / (2 * math.log(rate))))


# %% wrong gap_with_the_complete_information: moves the error rightly, but measures the gap with the complete information in place of the observed one, off by a few steps
def steps_to_go(log_joint, theta: Tensor, x: Tensor, start: Tensor) -> int:
    complete, observed = _curvatures(log_joint, theta, x)
    step = torch.eye(len(theta), dtype=theta.dtype) - torch.linalg.solve(complete, observed)
    error = (start - theta).detach()
    first, count = error @ complete @ error, 0
    while error @ complete @ error > 1e-6 * first and count < 100_000:
        error, count = step @ error, count + 1
    return count


# %% wrong thousand_steps_at_most: stops counting at a thousand, a habit from programs that iterate, and returns that
def steps_to_go(log_joint, theta: Tensor, x: Tensor, start: Tensor) -> int:
    complete, observed = _curvatures(log_joint, theta, x)
    step = torch.eye(len(theta), dtype=theta.dtype) - torch.linalg.solve(complete, observed)
    error = (start - theta).detach()
    first = error @ observed @ error
    for count in range(1, 1001):
        error = step @ error
        if error @ observed @ error <= 1e-6 * first:
            break
    return count
