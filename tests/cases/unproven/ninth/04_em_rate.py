import torch
from torch import Tensor


def _curvatures(log_joint, theta, x):
    theta = theta.detach()
    r = log_joint(theta, x).softmax(-1).detach()

    def complete(t):
        lj = log_joint(t, x)
        return -(r * torch.where(r > 0, lj, torch.zeros_like(lj))).sum()

    def observed(t):
        return -torch.logsumexp(log_joint(t, x), -1).sum()

    return tuple(torch.autograd.functional.hessian(f, theta) for f in (complete, observed))


# %% wrong observed_information_by_scores: takes the sum of squared scores of the data for the observed information, which agrees only on average over data from the model
def em_rate(log_joint, theta: Tensor, x: Tensor) -> float:
    complete, _ = _curvatures(log_joint, theta, x)
    scores = torch.autograd.functional.jacobian(lambda t: torch.logsumexp(log_joint(t, x), -1), theta.detach())
    step = torch.eye(len(theta), dtype=theta.dtype) - torch.linalg.solve(complete, scores.T @ scores)
    return float(torch.linalg.eigvals(step).abs().max())


# %% wrong scaled_by_the_diagonal: scales each parameter by its complete information and takes eigenvalues of the rest, which ignores the off-diagonal entries; right for textbook mixtures in their own parameters, whose complete information is diagonal
def em_rate(log_joint, theta: Tensor, x: Tensor) -> float:
    complete, observed = _curvatures(log_joint, theta, x)
    unit = complete.diagonal().abs().rsqrt()
    return float(1 - torch.linalg.eigvalsh(unit[:, None] * observed * unit)[0])


# %% wrong sixty_power_steps: sixty steps of the power method from a vector of ones, not enough if two eigenvalues are near each other or the ones point elsewhere
def em_rate(log_joint, theta: Tensor, x: Tensor) -> float:
    complete, observed = _curvatures(log_joint, theta, x)
    step = torch.eye(len(theta), dtype=theta.dtype) - torch.linalg.solve(complete, observed)
    v, rate = torch.ones_like(theta.detach()), 0.0
    for _ in range(60):
        w = step @ v
        rate = float(w.norm() / v.norm())
        if rate < 1e-12:
            return 0.0
        v = w / w.norm()
    return rate
