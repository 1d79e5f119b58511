import math

import numpy as np
import torch
from torch import Tensor

# %% right loop: moves the error step by step, and looks at the gap
def steps_to_go(log_joint, theta, x, start):
    r = log_joint(theta, x).softmax(-1).detach()
    hessian = torch.autograd.functional.hessian
    complete = -hessian(lambda t: (r * log_joint(t, x)).sum(), theta)
    observed = -hessian(lambda t: log_joint(t, x).logsumexp(-1).sum(), theta)
    step = torch.linalg.solve(complete, complete - observed)
    delta = start - theta
    first, count = delta @ observed @ delta, 0
    while delta @ observed @ delta > 1e-6 * first:
        delta, count = step @ delta, count + 1
    return count


# %% right numpy_modes: by eigenvectors: shares of the gap, and bisection over the number of steps
def steps_to_go(log_joint, theta, x, start):
    r = log_joint(theta, x).softmax(-1).detach()
    hessian = torch.autograd.functional.hessian
    complete = -hessian(lambda t: (r * log_joint(t, x)).sum(), theta)
    observed = -hessian(lambda t: log_joint(t, x).logsumexp(-1).sum(), theta)
    step = torch.linalg.solve(complete, complete - observed)
    Ic, Io = complete.numpy(), observed.numpy()
    root = np.linalg.cholesky((Ic + Ic.T) / 2)
    half = np.linalg.solve(root, np.linalg.solve(root, (Io + Io.T) / 2).T)
    lam, V = np.linalg.eigh((half + half.T) / 2)
    share = lam * (V.T @ root.T @ (start - theta).numpy()) ** 2
    gap = lambda t: (share * np.abs(1 - lam) ** (2 * t)).sum() / share.sum()
    low, high = 0, 1
    while gap(high) > 1e-6:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if gap(middle) > 1e-6 else (low, middle)
    return high


# %% right odd_squaring: powers of the step by repeated squaring, and the number of steps bit by bit; as a tensor
def steps_to_go(log_joint, theta, x, start):
    r = log_joint(theta, x).softmax(-1).detach()
    hessian = torch.autograd.functional.hessian
    complete = -hessian(lambda t: (r * log_joint(t, x)).sum(), theta)
    observed = -hessian(lambda t: log_joint(t, x).logsumexp(-1).sum(), theta)
    step = torch.linalg.solve(complete, complete - observed)
    start_error = start - theta
    target = 1e-6 * (start_error @ observed @ start_error)
    gap = lambda d: d @ observed @ d
    powers = [step]
    while gap(powers[-1] @ start_error) > target:
        powers.append(powers[-1] @ powers[-1])
    delta, count = start_error, 0                      # the most steps that are not enough
    for k in reversed(range(len(powers))):
        if gap(powers[k] @ delta) > target:
            delta, count = powers[k] @ delta, count + 2**k
    return torch.tensor(count + 1)


# %% wrong slowest_alone: the slowest direction is taken for the whole: log 1e-6 over twice log rate
def steps_to_go(log_joint, theta, x, start):
    r = log_joint(theta, x).softmax(-1).detach()
    hessian = torch.autograd.functional.hessian
    complete = -hessian(lambda t: (r * log_joint(t, x)).sum(), theta)
    observed = -hessian(lambda t: log_joint(t, x).logsumexp(-1).sum(), theta)
    step = torch.linalg.solve(complete, complete - observed)
    rate = float(torch.linalg.eigvals(step).abs().max())
    return math.ceil(math.log(1e-6) / (2 * math.log(rate))) if rate > 0 else 1


# %% wrong leading_mode: the slowest direction with its right share of the gap, and the others forgotten: off where two rates are close, or the share is tiny
def steps_to_go(log_joint, theta, x, start):
    r = log_joint(theta, x).softmax(-1).detach()
    hessian = torch.autograd.functional.hessian
    complete = -hessian(lambda t: (r * log_joint(t, x)).sum(), theta)
    observed = -hessian(lambda t: log_joint(t, x).logsumexp(-1).sum(), theta)
    step = torch.linalg.solve(complete, complete - observed)
    root = torch.linalg.cholesky(complete)
    half = torch.linalg.solve_triangular(root, torch.linalg.solve_triangular(root, observed, upper=False).mT, upper=False)
    lam, V = torch.linalg.eigh((half + half.mT) / 2)
    share = lam * (V.mT @ root.mT @ (start - theta)).square()
    part = float(share[0] / share.sum())
    return max(1, math.ceil((math.log(1e-6) - math.log(part)) / (2 * math.log(float(1 - lam[0])))))


# %% wrong share_by_length: the share of the slowest direction by lengths in theta and not by the gap
def steps_to_go(log_joint, theta, x, start):
    r = log_joint(theta, x).softmax(-1).detach()
    hessian = torch.autograd.functional.hessian
    complete = -hessian(lambda t: (r * log_joint(t, x)).sum(), theta)
    observed = -hessian(lambda t: log_joint(t, x).logsumexp(-1).sum(), theta)
    step = torch.linalg.solve(complete, complete - observed)
    values, vectors = torch.linalg.eig(step)
    k = int(values.real.argmax())
    along = torch.linalg.solve(vectors.real, start - theta)[k] * vectors.real[:, k]
    part = float((along.norm() / (start - theta).norm()) ** 2)
    return max(1, math.ceil((math.log(1e-6) - math.log(part)) / (2 * math.log(float(values[k].real)))))


# %% wrong squared_length: the squared length of the error of theta in place of the gap
def steps_to_go(log_joint, theta, x, start):
    r = log_joint(theta, x).softmax(-1).detach()
    hessian = torch.autograd.functional.hessian
    complete = -hessian(lambda t: (r * log_joint(t, x)).sum(), theta)
    observed = -hessian(lambda t: log_joint(t, x).logsumexp(-1).sum(), theta)
    step = torch.linalg.solve(complete, complete - observed)
    delta = start - theta
    first, count = delta @ delta, 0
    while delta @ delta > 1e-6 * first:
        delta, count = step @ delta, count + 1
    return count


# %% wrong complete_metric: the gap is weighed with the complete information in place of the observed
def steps_to_go(log_joint, theta, x, start):
    r = log_joint(theta, x).softmax(-1).detach()
    hessian = torch.autograd.functional.hessian
    complete = -hessian(lambda t: (r * log_joint(t, x)).sum(), theta)
    observed = -hessian(lambda t: log_joint(t, x).logsumexp(-1).sum(), theta)
    step = torch.linalg.solve(complete, complete - observed)
    delta = start - theta
    first, count = delta @ complete @ delta, 0
    while delta @ complete @ delta > 1e-6 * first:
        delta, count = step @ delta, count + 1
    return count


# %% wrong transposed: the error is moved with the transposed matrix, right for P = 1
def steps_to_go(log_joint, theta, x, start):
    r = log_joint(theta, x).softmax(-1).detach()
    hessian = torch.autograd.functional.hessian
    complete = -hessian(lambda t: (r * log_joint(t, x)).sum(), theta)
    observed = -hessian(lambda t: log_joint(t, x).logsumexp(-1).sum(), theta)
    step = torch.linalg.solve(complete, complete - observed)
    delta = start - theta
    first, count = delta @ observed @ delta, 0
    while delta @ observed @ delta > 1e-6 * first:
        delta, count = step.mT @ delta, count + 1
    return count


# %% wrong one_too_many: counts the step after the first that is good enough
def steps_to_go(log_joint, theta, x, start):
    r = log_joint(theta, x).softmax(-1).detach()
    hessian = torch.autograd.functional.hessian
    complete = -hessian(lambda t: (r * log_joint(t, x)).sum(), theta)
    observed = -hessian(lambda t: log_joint(t, x).logsumexp(-1).sum(), theta)
    step = torch.linalg.solve(complete, complete - observed)
    delta = start - theta
    first, count = delta @ observed @ delta, 0
    while delta @ observed @ delta > 1e-6 * first:
        delta, count = step @ delta, count + 1
    return count + 1


# %% wrong capped: gives up after 1,000 steps
def steps_to_go(log_joint, theta, x, start):
    r = log_joint(theta, x).softmax(-1).detach()
    hessian = torch.autograd.functional.hessian
    complete = -hessian(lambda t: (r * log_joint(t, x)).sum(), theta)
    observed = -hessian(lambda t: log_joint(t, x).logsumexp(-1).sum(), theta)
    step = torch.linalg.solve(complete, complete - observed)
    delta = start - theta
    first, count = delta @ observed @ delta, 0
    while count < 1000 and delta @ observed @ delta > 1e-6 * first:
        delta, count = step @ delta, count + 1
    return count


# %% wrong absolute: until the gap itself is below a millionth, not a millionth of what it was
def steps_to_go(log_joint, theta, x, start):
    r = log_joint(theta, x).softmax(-1).detach()
    hessian = torch.autograd.functional.hessian
    complete = -hessian(lambda t: (r * log_joint(t, x)).sum(), theta)
    observed = -hessian(lambda t: log_joint(t, x).logsumexp(-1).sum(), theta)
    step = torch.linalg.solve(complete, complete - observed)
    delta = start - theta
    first, count = delta @ observed @ delta, 0
    while delta @ observed @ delta > 2e-6:
        delta, count = step @ delta, count + 1
    return count


# %% wrong real_gap: the gap is measured with log p itself, whose rounding hides it near the maximum
def steps_to_go(log_joint, theta, x, start):
    r = log_joint(theta, x).softmax(-1).detach()
    hessian = torch.autograd.functional.hessian
    complete = -hessian(lambda t: (r * log_joint(t, x)).sum(), theta)
    observed = -hessian(lambda t: log_joint(t, x).logsumexp(-1).sum(), theta)
    step = torch.linalg.solve(complete, complete - observed)
    delta, count = start - theta, 0
    log_p = lambda t: log_joint(t, x).logsumexp(-1).sum()
    top = log_p(theta)
    first = top - log_p(start)
    while top - log_p(theta + delta) > 1e-6 * first and count < 10**4:
        delta, count = step @ delta, count + 1
    return count


# %% wrong single_precision: the step is kept in float32, felt only where the rate is 0.9999 or more
def steps_to_go(log_joint, theta, x, start):
    r = log_joint(theta, x).softmax(-1).detach()
    hessian = torch.autograd.functional.hessian
    complete = -hessian(lambda t: (r * log_joint(t, x)).sum(), theta)
    observed = -hessian(lambda t: log_joint(t, x).logsumexp(-1).sum(), theta)
    step = torch.linalg.solve(complete, complete - observed).float().double()
    delta = start - theta
    first, count = delta @ observed @ delta, 0
    while delta @ observed @ delta > 1e-6 * first:
        delta, count = step @ delta, count + 1
    return count


# %% wrong in_place: right number, but start comes back as the error
def steps_to_go(log_joint, theta, x, start):
    r = log_joint(theta, x).softmax(-1).detach()
    hessian = torch.autograd.functional.hessian
    complete = -hessian(lambda t: (r * log_joint(t, x)).sum(), theta)
    observed = -hessian(lambda t: log_joint(t, x).logsumexp(-1).sum(), theta)
    step = torch.linalg.solve(complete, complete - observed)
    start -= theta
    delta = start
    first, count = delta @ observed @ delta, 0
    while delta @ observed @ delta > 1e-6 * first:
        delta, count = step @ delta, count + 1
    return count
