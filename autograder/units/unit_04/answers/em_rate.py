# %% right hessians: Two Hessians: of the log-likelihood, and of Q with the responsibilities detached.
import numpy as np
import torch
from torch.autograd.functional import hessian


def em_rate(log_joint, theta, x):
    r = log_joint(theta, x).softmax(-1).detach()
    observed = -hessian(lambda t: log_joint(t, x).logsumexp(-1).sum(), theta)
    complete = -hessian(lambda t: (r * log_joint(t, x)).sum(), theta)
    missing = torch.eye(len(theta)).to(theta) - torch.linalg.solve(complete, observed)
    return np.linalg.eigvals(missing.numpy()).real.max()


# %% right covariance_of_scores: The missing information is the covariance of the complete scores under the responsibilities.
import numpy as np
import torch


def em_rate(log_joint, theta, x):
    r = log_joint(theta, x).softmax(-1)
    scores = torch.autograd.functional.jacobian(lambda t: log_joint(t, x), theta)          # (N, C, P)
    mean = torch.einsum("nc,ncp->np", r, scores)
    missing = torch.einsum("nc,ncp,ncq->pq", r, scores, scores) - mean.T @ mean
    complete = -torch.autograd.functional.hessian(lambda t: (r * log_joint(t, x)).sum(), theta)
    root = torch.linalg.cholesky(complete)
    half = torch.linalg.solve_triangular(root, missing, upper=False)
    whitened = torch.linalg.solve_triangular(root, half.T, upper=False)
    return np.linalg.eigvalsh((whitened + whitened.T).numpy() / 2).max()


# %% right differences: Slopes by autograd; curvatures by central differences, one axis at a time; SciPy's generalized eigenvalues.
import scipy.linalg
import torch


def slope(f, theta):
    at = theta.clone().requires_grad_()
    return torch.autograd.grad(f(at), at)[0]


def curvature(f, theta, h=1e-5):
    rows = []
    for axis in range(len(theta)):
        away = torch.zeros_like(theta)
        away[axis] = h
        rows.append((slope(f, theta - away) - slope(f, theta + away)) / (2 * h))
    matrix = torch.stack(rows)
    return (matrix + matrix.T).numpy() / 2


def em_rate(log_joint, theta, x):
    joint = log_joint(theta, x)
    r = (joint - joint.logsumexp(-1, keepdim=True)).exp()

    def log_p(t):
        total = 0.0
        for column in log_joint(t, x).T:
            total = total + column.exp()
        return total.log().sum()

    def Q(t):
        return sum(weights @ column for weights, column in zip(r.T, log_joint(t, x).T))

    return 1 - scipy.linalg.eigh(curvature(log_p, theta), curvature(Q, theta), eigvals_only=True)[0]


# %% right differentiated_step: The step itself is differentiated: the slope of Q(theta', theta) moves with theta, and theta' follows.
import numpy as np
import torch
from torch.func import grad, jacrev


def em_rate(log_joint, theta, x):
    def Q(new, old):
        return (log_joint(old, x).softmax(-1) * log_joint(new, x)).sum()

    by_new = jacrev(grad(Q), 0)(theta, theta)
    by_old = jacrev(grad(Q), 1)(theta, theta)
    step = -torch.linalg.inv(by_new) @ by_old
    return abs(np.linalg.eigvals(step.numpy())).max()


# %% wrong r_follows, from right hessians: The responsibilities move with theta in Q, so that Q is log p plus an entropy.
# diagnosis: value
#-     r = log_joint(theta, x).softmax(-1).detach()
#@@
#-     complete = -hessian(lambda t: (r * log_joint(t, x)).sum(), theta)
#+     complete = -hessian(lambda t: (log_joint(t, x).softmax(-1) * log_joint(t, x)).sum(), theta)


# %% wrong free_energy, from right hessians: The curvature of F with q at its best everywhere: F is log p then.
# diagnosis: r_not_fixed
#-     r = log_joint(theta, x).softmax(-1).detach()
#@@
#-     complete = -hessian(lambda t: (r * log_joint(t, x)).sum(), theta)
#+     def F(t):
#+         log_r = log_joint(t, x).log_softmax(-1)
#+         return (log_r.exp() * (log_joint(t, x) - log_r)).sum()
#+     complete = -hessian(F, theta)


# %% wrong complement, from right hessians: The share of the information that is there.
# diagnosis: complement
#-     missing = torch.eye(len(theta)).to(theta) - torch.linalg.solve(complete, observed)
#-     return np.linalg.eigvals(missing.numpy()).real.max()
#+     return np.linalg.eigvals(torch.linalg.solve(complete, observed).numpy()).real.min()


# %% wrong best_direction, from right hessians: The largest eigenvalue of what is there, taken from one: the fastest direction.
# diagnosis: fastest
#-     missing = torch.eye(len(theta)).to(theta) - torch.linalg.solve(complete, observed)
#-     return np.linalg.eigvals(missing.numpy()).real.max()
#+     return 1 - np.linalg.eigvals(torch.linalg.solve(complete, observed).numpy()).real.max()


# %% wrong gap, from right hessians: The rate of the gap of log p.
# diagnosis: square
#-     return np.linalg.eigvals(missing.numpy()).real.max()
#+     return np.linalg.eigvals(missing.numpy()).real.max() ** 2


# %% wrong norm, from right hessians: The norm of the matrix.
# diagnosis: norm
#-     return np.linalg.eigvals(missing.numpy()).real.max()
#+     return torch.linalg.matrix_norm(missing, 2)


# %% wrong one_triangle, from right hessians: eigvalsh for a matrix that is not symmetric.
# diagnosis: as_if_symmetric
#-     return np.linalg.eigvals(missing.numpy()).real.max()
#+     return np.linalg.eigvalsh(missing.numpy()).max()


# %% wrong trace, from right hessians: The trace: "the" fraction of missing information, as if there were one.
# diagnosis: trace
#-     return np.linalg.eigvals(missing.numpy()).real.max()
#+     return missing.trace()


# %% wrong squared_scores, from right hessians: The observed information is taken from squared scores, which agrees on average only.
# diagnosis: value
#-     observed = -hessian(lambda t: log_joint(t, x).logsumexp(-1).sum(), theta)
#+     scores = torch.autograd.functional.jacobian(lambda t: log_joint(t, x).logsumexp(-1), theta)
#+     observed = scores.T @ scores


# %% wrong no_mean, from right covariance_of_scores: The second moment of the scores, not their covariance.
# diagnosis: dictionary
#-     missing = torch.einsum("nc,ncp,ncq->pq", r, scores, scores) - mean.T @ mean
#+     missing = torch.einsum("nc,ncp,ncq->pq", r, scores, scores)


# %% wrong all_labels, from right hessians: Every datum counts fully for every cluster.
# diagnosis: value
#-     r = log_joint(theta, x).softmax(-1).detach()
#+     r = torch.ones_like(log_joint(theta, x))


# %% wrong mean_and_sum, from right hessians: One matrix is a mean over the data.
# diagnosis: sum_and_mean
#-     observed = -hessian(lambda t: log_joint(t, x).logsumexp(-1).sum(), theta)
#+     observed = -hessian(lambda t: log_joint(t, x).logsumexp(-1).mean(), theta)
