# %% right matrix_steps: The error is moved by the matrix of a step until its gap, a quadratic form, is a millionth.
import torch
from torch.autograd.functional import hessian


def steps_to_go(log_joint, theta, x, start):
    r = log_joint(theta, x).softmax(-1).detach()
    observed = -hessian(lambda t: log_joint(t, x).logsumexp(-1).sum(), theta)
    complete = -hessian(lambda t: (r * log_joint(t, x)).sum(), theta)
    step = torch.eye(len(theta)).to(theta) - torch.linalg.solve(complete, observed)
    error = start - theta
    target = 1e-6 * error @ observed @ error
    for count in range(100_000):
        if error @ observed @ error <= target:
            return count
        error = step @ error


# %% right shares: The gap is taken apart along the directions of a step; each shrinks by the square of its own rate; bisection.
import numpy as np
import scipy.linalg
import torch
from torch.autograd.functional import hessian


def steps_to_go(log_joint, theta, x, start):
    r = log_joint(theta, x).softmax(-1).detach()
    observed = -hessian(lambda t: log_joint(t, x).logsumexp(-1).sum(), theta).numpy()
    complete = -hessian(lambda t: (r * log_joint(t, x)).sum(), theta).numpy()
    there, directions = scipy.linalg.eigh((observed + observed.T) / 2, (complete + complete.T) / 2)
    parts = directions.T @ complete @ (start - theta).numpy()
    gap = there * parts**2
    rates = np.clip(1 - there, 0, 1)

    def left(steps):
        return (gap * rates ** (2 * steps)).sum() / gap.sum()

    low, high = 0, 1
    while left(high) > 1e-6:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if left(middle) > 1e-6 else (low, middle)
    return high


# %% right powers: All powers at once, by the differentiated step; the first that is small enough.
import numpy as np
import torch
from torch.func import grad, jacrev


def steps_to_go(log_joint, theta, x, start):
    def Q(new, old):
        return (log_joint(old, x).softmax(-1) * log_joint(new, x)).sum()

    by_new, by_old = jacrev(grad(Q), 0)(theta, theta), jacrev(grad(Q), 1)(theta, theta)
    step = (-torch.linalg.inv(by_new) @ by_old).numpy()
    observed = -(by_new + by_old).numpy()
    errors = [(start - theta).numpy()]
    for _ in range(2000):
        errors.append(step @ errors[-1])
    gaps = np.einsum("tp,pq,tq->t", np.array(errors), observed, np.array(errors))
    return torch.tensor(float(np.argmax(gaps <= 1e-6 * gaps[0])))


# %% wrong rate_alone, from right shares: All of the gap is put into the slowest direction.
# diagnosis: rate_alone
#-         return (gap * rates ** (2 * steps)).sum() / gap.sum()
#+         return rates.max() ** (2 * steps)


# %% wrong not_squared, from right shares: The gap is made to shrink by the rates.
# diagnosis: not_squared
#-         return (gap * rates ** (2 * steps)).sum() / gap.sum()
#+         return (gap * rates**steps).sum() / gap.sum()


# %% wrong of_theta, from right matrix_steps: Six digits of theta, in the coordinates that come.
# diagnosis: digits_of_theta
#-     target = 1e-6 * error @ observed @ error
#+     target = 1e-6 * error.norm()
#@@
#-         if error @ observed @ error <= target:
#+         if error.norm() <= target:


# %% wrong one_less, from right matrix_steps: The last step at which the gap is still too large.
# diagnosis: one_less
#-             return count
#+             return count - 1


# %% wrong absolute, from right matrix_steps: A millionth of a nat, wherever EM stands.
# diagnosis: value
#-     target = 1e-6 * error @ observed @ error
#+     target = 2e-6


# %% wrong fraction, from right shares: A smooth number of steps.
# diagnosis: not_whole
#-     while high - low > 1:
#-         middle = (low + high) // 2
#+     while high - low > 1e-9:
#+         middle = (low + high) / 2


# %% wrong complete_gap, from right matrix_steps: The gap is measured by the complete information.
# diagnosis: value
#-     target = 1e-6 * error @ observed @ error
#+     target = 1e-6 * error @ complete @ error
#@@
#-         if error @ observed @ error <= target:
#+         if error @ complete @ error <= target:


# %% wrong equal_shares, from right shares: Every direction is given the same part of the gap.
# diagnosis: value
#-     gap = there * parts**2
#+     gap = np.ones_like(there) + 0 * parts
