import torch
from torch import Tensor

# %% right covariance_of_scores: the missing information as the covariance of the clusters' scores under r, by autograd.functional, against the curvature of Q in a Cholesky frame
def em_rate(log_joint, theta: Tensor, x: Tensor) -> float:
    theta = theta.detach()
    with torch.enable_grad():
        r = log_joint(theta, x).detach().softmax(-1)
        weighed = lambda t: torch.where(r > 0, r * log_joint(t, x), torch.zeros_like(r)).sum()
        complete = -torch.autograd.functional.hessian(weighed, theta)
        scores = torch.autograd.functional.jacobian(lambda t: torch.where(r > 0, log_joint(t, x), torch.zeros_like(r)), theta)
    centred = scores - torch.einsum("nc,ncp->np", r, scores).unsqueeze(1)
    missing = torch.einsum("nc,ncp,ncq->pq", r, centred, centred)
    unit = complete.diagonal().rsqrt()
    frame = torch.linalg.cholesky(unit[:, None] * complete * unit)
    half = torch.linalg.solve_triangular(frame, unit[:, None] * missing * unit, upper=False)
    whole = torch.linalg.solve_triangular(frame, half.T, upper=False)
    return float(torch.linalg.eigvalsh((whole + whole.T) / 2)[-1].clamp(min=0))

# %% wrong outer_products: the complete information as the sum of outer products of scores, which equals the curvature of Q on average over data that follow the model, and not for the data at hand
def em_rate(log_joint, theta: Tensor, x: Tensor) -> float:
    with torch.enable_grad():
        scores = torch.autograd.functional.jacobian(lambda t: log_joint(t, x), theta.detach())
        r = log_joint(theta.detach(), x).softmax(-1)
    mean = torch.einsum("nc,ncp->np", r, scores)
    complete = torch.einsum("nc,ncp,ncq->pq", r, scores, scores)
    missing = complete - mean.T @ mean
    return float(torch.linalg.eigvals(torch.linalg.solve(complete, missing)).real.max())

# %% wrong mean_eigenvalue: the fraction of missing information as trace over P, "the share that is missing"; right for one parameter, while in the long run the slowest direction alone counts
def em_rate(log_joint, theta: Tensor, x: Tensor) -> float:
    theta = theta.detach()
    with torch.enable_grad():
        r = log_joint(theta, x).softmax(-1).detach()
        complete = -torch.autograd.functional.hessian(lambda t: (r * log_joint(t, x)).sum(), theta)
        observed = -torch.autograd.functional.hessian(lambda t: log_joint(t, x).logsumexp(-1).sum(), theta)
    return float(1 - torch.linalg.solve(complete, observed).trace() / len(theta))

# %% wrong ten_turns: ten turns of the power method from a vector of ones in place of the eigenvalue; not there yet if the second rate is close, and it depends on the units
def em_rate(log_joint, theta: Tensor, x: Tensor) -> float:
    theta = theta.detach()
    with torch.enable_grad():
        r = log_joint(theta, x).softmax(-1).detach()
        complete = -torch.autograd.functional.hessian(lambda t: (r * log_joint(t, x)).sum(), theta)
        observed = -torch.autograd.functional.hessian(lambda t: log_joint(t, x).logsumexp(-1).sum(), theta)
    step = torch.eye(len(theta), dtype=theta.dtype, device=theta.device) - torch.linalg.solve(complete, observed)
    error, length = torch.ones_like(theta), 0.0
    for _ in range(10):
        error = step @ (error / error.norm().clamp(min=1e-300))
        length = float(error.norm())
    return length

# %% wrong pseudo_inverse: inverts the curvature of Q by a pseudo-inverse that drops directions below a millionth of the largest; parameters in units a thousand times the usual are such directions
def em_rate(log_joint, theta: Tensor, x: Tensor) -> float:
    theta = theta.detach()
    with torch.enable_grad():
        r = log_joint(theta, x).softmax(-1).detach()
        complete = -torch.autograd.functional.hessian(lambda t: (r * log_joint(t, x)).sum(), theta)
        observed = -torch.autograd.functional.hessian(lambda t: log_joint(t, x).logsumexp(-1).sum(), theta)
    missing = complete - observed
    return float(torch.linalg.eigvals(torch.linalg.pinv(complete, rtol=1e-6, hermitian=True) @ missing).real.max())
