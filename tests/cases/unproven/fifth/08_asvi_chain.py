import math

import numpy as np
import torch
from torch import Tensor


# %% right backward_bell: precision and linear part carried back in one loop
def trusted_chain(a, b, q, c, r, x):
    rows, p, h = [], 0.0, 0.0
    for t in reversed(range(len(x))):
        p, h = p + c[t] ** 2 / r[t], h + c[t] * x[t] / r[t]
        keep = 1 / (1 + q[t] * p)
        rows.append(torch.stack([keep, h / p, q[t] * keep]))
        p, h = a[t] ** 2 * p * keep, a[t] * (h - b[t] * p) * keep
    return tuple(torch.stack(rows[::-1], dim=1))


# %% right joint_precision: the tridiagonal precision of all latents; the latents from t on given z_{t-1} by one dense solve for each t, in NumPy
def trusted_chain(a, b, q, c, r, x):
    a, b, q, c, r, x = (np.asarray(v) for v in (a, b, q, c, r, x))
    size = len(x)
    trust, anchor, variance = np.zeros(size), np.zeros(size), np.zeros(size)
    for t in range(size):
        n = size - t
        step = np.eye(n) - np.diag(a[t + 1 :], -1)
        precision = step.T @ np.diag(1 / q[t:]) @ step + np.diag(c[t:] ** 2 / r[t:])
        first = np.linalg.inv(precision)[0]
        variance[t] = first[0]
        trust[t] = first[0] / q[t]
        shift = b[t:].copy()
        shift[0] = 0.0
        mean0 = first @ (step.T @ (shift / q[t:]) + c[t:] * x[t:] / r[t:])
        anchor[t] = mean0 / (1 - trust[t])
    return trust, anchor, variance


# %% right regress_on_future: all later data written as a linear function of z_t with correlated noise, generalized least squares for z_t
def trusted_chain(a, b, q, c, r, x):
    size = len(x)
    out = torch.zeros(3, size, dtype=torch.float64)
    for t in range(size):
        n = size - t
        gain, shift = torch.ones(n, dtype=torch.float64), torch.zeros(n, dtype=torch.float64)
        noise = torch.zeros(n, n, dtype=torch.float64)
        for k in range(1, n):
            s = t + k
            gain[k], shift[k] = a[s] * gain[k - 1], a[s] * shift[k - 1] + b[s]
            noise[k] = a[s] * noise[k - 1]
            noise[k, k] = q[s] ** 0.5
        cov = torch.diag(r[t:]) + c[t:, None] * (noise @ noise.mT) * c[t:]
        row, left = c[t:] * gain, x[t:] - c[t:] * shift
        weights = torch.linalg.solve(cov, row)
        p = weights @ row
        out[0, t] = 1 / (1 + q[t] * p)
        out[1, t] = weights @ left / p
        out[2, t] = 1 / (1 / q[t] + p)
    return out[0], out[1], out[2]


# %% wrong filter_gain: the Kalman filter's quantities: the trust, anchor and variance of z_t given the data up to t; right for T = 1
def trusted_chain(a, b, q, c, r, x):
    rows, m, v = [], torch.zeros((), dtype=torch.float64), torch.zeros((), dtype=torch.float64)
    for t in range(len(x)):
        ahead, spread = a[t] * m + b[t], a[t] ** 2 * v + q[t]
        new = 1 / (1 / spread + c[t] ** 2 / r[t])
        m, v = new * (ahead / spread + c[t] * x[t] / r[t]), new
        rows.append(torch.stack([new / spread, x[t] / c[t], new]))
    return tuple(torch.stack(rows, 1))


# %% wrong divides_by_slope: centre and variance carried back, divided by the slope, the next precision as the inverse: NaN where a slope is zero
def trusted_chain(a, b, q, c, r, x):
    rows, centre, p = [], None, None
    for t in reversed(range(len(x))):
        own, at = c[t] ** 2 / r[t], x[t] / c[t]
        if centre is not None:
            at = (own * at + p * centre) / (own + p)
            own = own + p
        keep = 1 / (1 + q[t] * own)
        rows.append(torch.stack([keep, at, q[t] * keep]))
        centre, p = (at - b[t]) / a[t], a[t] ** 2 / (1 / own + q[t])
    return tuple(torch.stack(rows[::-1], 1))


# %% wrong cut_at_zero_slope: the loop stops carrying anything back as soon as a slope is zero, for all earlier steps too
def trusted_chain(a, b, q, c, r, x):
    rows, p, h, linked = [], 0.0, 0.0, True
    for t in reversed(range(len(x))):
        if not linked:
            p, h = 0.0, 0.0
        p, h = p + c[t] ** 2 / r[t], h + c[t] * x[t] / r[t]
        keep = 1 / (1 + q[t] * p)
        rows.append(torch.stack([keep, h / p, q[t] * keep]))
        p, h = a[t] ** 2 * p * keep, a[t] * (h - b[t] * p) * keep
        linked = linked and bool(a[t] != 0)
    return tuple(torch.stack(rows[::-1], 1))


# %% wrong own_step_carried: carries the bell back through the slope, shift and variance of the step before it (t - 1 in place of t); right for equal steps
def trusted_chain(a, b, q, c, r, x):
    rows, p, h = [], 0.0, 0.0
    for t in reversed(range(len(x))):
        p, h = p + c[t] ** 2 / r[t], h + c[t] * x[t] / r[t]
        rows.append(torch.stack([1 / (1 + q[t] * p), h / p, q[t] / (1 + q[t] * p)]))
        s = max(t - 1, 0)
        p, h = a[s] ** 2 * p / (1 + q[s] * p), a[s] * (h - b[s] * p) / (1 + q[s] * p)
    return tuple(torch.stack(rows[::-1], 1))


# %% wrong shift_after: takes the shift off with the new precision in place of the old one; right without shifts, or with a slope of one and little noise
def trusted_chain(a, b, q, c, r, x):
    rows, p, h = [], 0.0, 0.0
    for t in reversed(range(len(x))):
        p, h = p + c[t] ** 2 / r[t], h + c[t] * x[t] / r[t]
        keep = 1 / (1 + q[t] * p)
        rows.append(torch.stack([keep, h / p, q[t] * keep]))
        old_h = h
        p = a[t] ** 2 * p * keep
        h = a[t] * old_h * keep - b[t] * p
    return tuple(torch.stack(rows[::-1], 1))


# %% wrong smoothed_anchor: trust and variance are right, the anchor is the posterior mean of z_t given all data; right where the mean is what the prior says
def trusted_chain(a, b, q, c, r, x):
    size = len(x)
    step = torch.eye(size, dtype=torch.float64)
    for t in range(1, size):
        step[t, t - 1] = -a[t]
    precision = step.mT @ (step / q[:, None]) + torch.diag(c**2 / r)
    mean = torch.linalg.solve(precision, step.mT @ (b / q) + c * x / r)
    trust, p = [], 0.0
    for t in reversed(range(size)):
        p = p + c[t] ** 2 / r[t]
        trust.append(1 / (1 + q[t] * p))
        p = a[t] ** 2 * p * trust[-1]
    trust = torch.stack(trust[::-1])
    return trust, mean, trust * q


# %% wrong one_step_lookahead: the bell of z_t holds its own datum and the next one through z_{t+1}, and nothing later; right for T = 2 and for slow decay of memory in the second digit only
def trusted_chain(a, b, q, c, r, x):
    p, h = c**2 / r, c * x / r
    a1, b1, q1 = a[1:], b[1:], q[1:]
    back_p = torch.cat([a1**2 * p[1:] / (1 + q1 * p[1:]), torch.zeros(1, dtype=torch.float64)])
    back_h = torch.cat([a1 * (h[1:] - b1 * p[1:]) / (1 + q1 * p[1:]), torch.zeros(1, dtype=torch.float64)])
    p, h = p + back_p, h + back_h
    return 1 / (1 + q * p), h / p, q / (1 + q * p)


# %% wrong marginal_variance: trust and anchor are right, the variance is that of the posterior's marginal of z_t, right for the first step
def trusted_chain(a, b, q, c, r, x):
    size = len(x)
    trust, anchor, p, h = [0.0] * size, [0.0] * size, 0.0, 0.0
    for t in reversed(range(size)):
        p, h = p + c[t] ** 2 / r[t], h + c[t] * x[t] / r[t]
        trust[t], anchor[t] = 1 / (1 + q[t] * p), h / p
        p, h = a[t] ** 2 * p * trust[t], a[t] * (h - b[t] * p) * trust[t]
    step = torch.eye(size, dtype=torch.float64) - torch.diag(a[1:], -1)
    precision = step.mT @ torch.diag(1 / q) @ step + torch.diag(c**2 / r)
    return torch.stack(trust), torch.stack(anchor), torch.linalg.inv(precision).diagonal()


# %% wrong positive_slopes: the linear part goes back with the slope's size, not its sign; right where all slopes are positive
def trusted_chain(a, b, q, c, r, x):
    rows, p, h = [], 0.0, 0.0
    for t in reversed(range(len(x))):
        p, h = p + c[t] ** 2 / r[t], h + c[t] * x[t] / r[t]
        keep = 1 / (1 + q[t] * p)
        rows.append(torch.stack([keep, h / p, q[t] * keep]))
        p, h = a[t] ** 2 * p * keep, (a[t] ** 2).sqrt() * (h - b[t] * p) * keep
    return tuple(torch.stack(rows[::-1], 1))


# %% wrong first_step_from_itself: the first step keeps its slope but with z_0 integrated over N(0, 1), so trust and variance of the first step are off; right for a first slope of zero
def trusted_chain(a, b, q, c, r, x):
    rows, p, h = [], 0.0, 0.0
    for t in reversed(range(len(x))):
        p, h = p + c[t] ** 2 / r[t], h + c[t] * x[t] / r[t]
        spread = q[t] + a[t] ** 2 if t == 0 else q[t]
        keep = 1 / (1 + spread * p)
        rows.append(torch.stack([keep, h / p, spread * keep]))
        p, h = a[t] ** 2 * p * keep, a[t] * (h - b[t] * p) * keep
    return tuple(torch.stack(rows[::-1], 1))
