import numpy as np
import torch
from torch import Tensor

# %% right torch_hessians: two Hessians, r held fixed in one of them; largest eigenvalue of 1 - Ic^-1 Io
def em_rate(log_joint, theta, x):
    r = log_joint(theta, x).softmax(-1).detach()
    hessian = torch.autograd.functional.hessian
    complete = -hessian(lambda t: (r * log_joint(t, x)).sum(), theta)
    observed = -hessian(lambda t: log_joint(t, x).logsumexp(-1).sum(), theta)
    step = torch.eye(len(theta), dtype=torch.float64) - torch.linalg.solve(complete, observed)
    return float(torch.linalg.eigvals(step).abs().max())


# %% right loops_numpy: rows of the Hessians one by one by autograd, eigenvalues in NumPy
def em_rate(log_joint, theta, x):
    def curvature(f):
        t = theta.detach().clone().requires_grad_()
        (slope,) = torch.autograd.grad(f(t), t, create_graph=True)
        rows = []
        for k in range(len(t)):
            if slope.requires_grad:
                (row,) = torch.autograd.grad(slope[k], t, retain_graph=True, allow_unused=True)
            else:
                row = None
            rows.append(np.zeros(len(t)) if row is None else row.detach().numpy())
        return -np.stack(rows)

    r = log_joint(theta.detach(), x).softmax(-1).detach()
    complete = curvature(lambda t: (r * log_joint(t, x)).sum())
    observed = curvature(lambda t: log_joint(t, x).logsumexp(-1).sum())
    return max(abs(np.linalg.eigvals(np.linalg.solve(complete, complete - observed))))


# %% right odd_scores: the missing information as the covariance, over each datum's labels, of the slopes of log_joint
def em_rate(log_joint, theta, x):
    r = log_joint(theta, x).softmax(-1).detach()
    slopes = torch.autograd.functional.jacobian(lambda t: log_joint(t, x), theta)
    centred = slopes - (r[..., None] * slopes).sum(1, keepdim=True)
    missing = torch.einsum("nc,ncp,ncq->pq", r, centred, centred)
    observed = -torch.autograd.functional.hessian(lambda t: log_joint(t, x).logsumexp(-1).sum(), theta)
    return float(torch.linalg.eigvals(torch.linalg.solve(missing + observed, missing)).real.max())


# %% wrong norm: the largest singular value of the step in place of the eigenvalue, right for P = 1
def em_rate(log_joint, theta, x):
    r = log_joint(theta, x).softmax(-1).detach()
    hessian = torch.autograd.functional.hessian
    complete = -hessian(lambda t: (r * log_joint(t, x)).sum(), theta)
    observed = -hessian(lambda t: log_joint(t, x).logsumexp(-1).sum(), theta)
    return float(torch.linalg.matrix_norm(torch.eye(len(theta)).double() - torch.linalg.solve(complete, observed), 2))


# %% wrong eigvalsh: eigvalsh of a matrix that is not symmetric
def em_rate(log_joint, theta, x):
    r = log_joint(theta, x).softmax(-1).detach()
    hessian = torch.autograd.functional.hessian
    complete = -hessian(lambda t: (r * log_joint(t, x)).sum(), theta)
    observed = -hessian(lambda t: log_joint(t, x).logsumexp(-1).sum(), theta)
    return float(torch.linalg.eigvalsh(torch.eye(len(theta)).double() - torch.linalg.solve(complete, observed)).max())


# %% wrong diagonals: parameter by parameter, 1 - Io_ii / Ic_ii, the largest of them
def em_rate(log_joint, theta, x):
    r = log_joint(theta, x).softmax(-1).detach()
    hessian = torch.autograd.functional.hessian
    complete = -hessian(lambda t: (r * log_joint(t, x)).sum(), theta)
    observed = -hessian(lambda t: log_joint(t, x).logsumexp(-1).sum(), theta)
    return float((1 - observed.diagonal() / complete.diagonal()).max())


# %% wrong determinants: 1 - det Io / det Ic, right for P = 1 and where one direction alone misses information
def em_rate(log_joint, theta, x):
    r = log_joint(theta, x).softmax(-1).detach()
    hessian = torch.autograd.functional.hessian
    complete = -hessian(lambda t: (r * log_joint(t, x)).sum(), theta)
    observed = -hessian(lambda t: log_joint(t, x).logsumexp(-1).sum(), theta)
    return float(1 - torch.linalg.det(observed) / torch.linalg.det(complete))


# %% wrong outer_products: the observed information by outer products of the data's slopes, right only on the average
def em_rate(log_joint, theta, x):
    r = log_joint(theta, x).softmax(-1).detach()
    complete = -torch.autograd.functional.hessian(lambda t: (r * log_joint(t, x)).sum(), theta)
    slopes = torch.autograd.functional.jacobian(lambda t: log_joint(t, x).logsumexp(-1), theta)
    return float(torch.linalg.eigvals(torch.eye(len(theta)).double() - torch.linalg.solve(complete, slopes.mT @ slopes)).abs().max())


# %% wrong complete_by_scores: the complete information by outer products of the labelled slopes in place of curvature
def em_rate(log_joint, theta, x):
    r = log_joint(theta, x).softmax(-1).detach()
    slopes = torch.autograd.functional.jacobian(lambda t: log_joint(t, x), theta)
    complete = torch.einsum("nc,ncp,ncq->pq", r, slopes, slopes)
    observed = -torch.autograd.functional.hessian(lambda t: log_joint(t, x).logsumexp(-1).sum(), theta)
    return float(torch.linalg.eigvals(torch.eye(len(theta)).double() - torch.linalg.solve(complete, observed)).abs().max())


# %% wrong squared: the rate of the gap of log p, not of theta
def em_rate(log_joint, theta, x):
    r = log_joint(theta, x).softmax(-1).detach()
    hessian = torch.autograd.functional.hessian
    complete = -hessian(lambda t: (r * log_joint(t, x)).sum(), theta)
    observed = -hessian(lambda t: log_joint(t, x).logsumexp(-1).sum(), theta)
    return float(torch.linalg.eigvals(torch.eye(len(theta)).double() - torch.linalg.solve(complete, observed)).abs().max()) ** 2


# %% wrong last_listed: takes the first eigenvalue that eigvals happens to list, not the largest
def em_rate(log_joint, theta, x):
    r = log_joint(theta, x).softmax(-1).detach()
    hessian = torch.autograd.functional.hessian
    complete = -hessian(lambda t: (r * log_joint(t, x)).sum(), theta)
    observed = -hessian(lambda t: log_joint(t, x).logsumexp(-1).sum(), theta)
    return float(torch.linalg.eigvals(torch.eye(len(theta)).double() - torch.linalg.solve(complete, observed))[0].real)


# %% wrong ridge: 1e-6 on the diagonal of both informations, felt where a parameter has a large unit
def em_rate(log_joint, theta, x):
    r = log_joint(theta, x).softmax(-1).detach()
    hessian = torch.autograd.functional.hessian
    eye = torch.eye(len(theta)).double()
    complete = -hessian(lambda t: (r * log_joint(t, x)).sum(), theta) + 1e-6 * eye
    observed = -hessian(lambda t: log_joint(t, x).logsumexp(-1).sum(), theta) + 1e-6 * eye
    return float(torch.linalg.eigvals(eye - torch.linalg.solve(complete, observed)).abs().max())


# %% wrong few_powers: thirty rounds of the power method from ones, not enough where two eigenvalues are close
def em_rate(log_joint, theta, x):
    r = log_joint(theta, x).softmax(-1).detach()
    hessian = torch.autograd.functional.hessian
    complete = -hessian(lambda t: (r * log_joint(t, x)).sum(), theta)
    observed = -hessian(lambda t: log_joint(t, x).logsumexp(-1).sum(), theta)
    step = torch.eye(len(theta)).double() - torch.linalg.solve(complete, observed)
    v = torch.ones(len(theta)).double()
    for _ in range(30):
        w = step @ v
        size = w.norm() / v.norm()
        v = w / w.norm()
    return float(size)


# %% wrong finite_differences: second differences with a fixed step of 1e-3, blind to the unit of a parameter
def em_rate(log_joint, theta, x):
    r = log_joint(theta, x).softmax(-1).detach()
    eye, h = torch.eye(len(theta)).double(), 1e-3

    def curvature(f):
        return -torch.stack([torch.stack([(f(theta + h * (a + b)) - f(theta + h * (a - b)) - f(theta - h * (a - b)) + f(theta - h * (a + b))) / (4 * h * h) for a in eye]) for b in eye])

    complete = curvature(lambda t: (r * log_joint(t, x)).sum())
    observed = curvature(lambda t: log_joint(t, x).logsumexp(-1).sum())
    return float(torch.linalg.eigvals(eye - torch.linalg.solve(complete, observed)).abs().max())


# %% wrong capped: the answer is kept below 0.999
def em_rate(log_joint, theta, x):
    r = log_joint(theta, x).softmax(-1).detach()
    hessian = torch.autograd.functional.hessian
    complete = -hessian(lambda t: (r * log_joint(t, x)).sum(), theta)
    observed = -hessian(lambda t: log_joint(t, x).logsumexp(-1).sum(), theta)
    return min(0.999, float(torch.linalg.eigvals(torch.eye(len(theta)).double() - torch.linalg.solve(complete, observed)).abs().max()))
