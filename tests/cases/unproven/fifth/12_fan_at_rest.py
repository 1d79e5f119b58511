import math

import numpy as np
import torch
from scipy.optimize import brentq, minimize_scalar
from torch import Tensor


# %% right quadratics: v u^2 = lam with each of the two v, two quadratic equations in u
def fan_at_rest(lam, dim):
    if lam <= 1:
        return torch.tensor([[1.0, 1.0, 0.0]] * 2, dtype=torch.float64)
    sleep = 2 * dim * lam / (1 + math.sqrt(1 + 4 * (dim - 1) * dim * lam))
    elbo = (lam + math.sqrt(lam * lam + 4 * dim * (dim - 1) * lam)) / (2 * dim)
    rows = [(u, lam / u**2, math.sqrt(dim * (u - 1)) * (lam - u) / u**2) for u in (sleep, elbo)]
    return torch.tensor(rows, dtype=torch.float64)

# %% right regression_with_matrices: the posterior's covariance as a matrix; theta is found where the wake regression leaves it alone
def fan_at_rest(lam, dim):
    eye, ones = np.eye(dim), np.ones(dim)
    table = []
    for sleeping in (True, False):
        def moved(theta):
            precision = eye + theta**2 * np.outer(ones, ones)
            covariance = np.linalg.inv(precision)
            gain = theta * covariance @ ones
            v = np.diag(covariance) if sleeping else 1 / np.diag(precision)
            s = gain.sum()
            return s * lam / (s * s * lam + v.sum()) - theta, v[0]

        theta = brentq(lambda t: moved(t)[0], 1e-4, 9, xtol=1e-14) if lam > 1 else 0.0
        u = 1 + dim * theta**2
        table.append([u, moved(theta)[1], theta * dim * (lam / u**2 - 1 / u)])
    return np.array(table)

# %% right two_walks: the ELBO as a function, climbed over theta alone by a bounded search; wake and sleep alternated, with Aitken's jump
def fan_at_rest(lam, dim):
    def elbo(theta):
        v = 1 / (1 + theta**2)
        s = dim * theta / (1 + dim * theta**2)
        fit = -0.5 * (lam * (1 - theta * s) ** 2 + theta**2 * dim * v)
        return fit - 0.5 * dim * (v + lam * s**2 / dim**2 - 1 - math.log(v))

    def wake(theta):
        u = 1 + dim * theta**2
        s, v = dim * theta / u, 1 - theta**2 / u
        return s * lam / (s * s * lam + dim * v)

    if lam <= 1:
        return torch.tensor([[1.0, 1.0, 0.0]] * 2, dtype=torch.float64)
    top = math.sqrt((lam - 1) / dim) + 1e-6
    theta = [top, top]
    for _ in range(400):
        one = wake(theta[0]); two = wake(one); bend = two - 2 * one + theta[0]
        jump = two - (two - one) ** 2 / bend if abs(bend) > 1e-13 else two
        theta[0] = jump if 0 < jump <= top else two
    slope = lambda t, h=1e-6: elbo(t * (1 + h)) - elbo(t * (1 - h))
    theta[1] = minimize_scalar(lambda t: -elbo(t), bounds=(0, top), method="bounded", options={"xatol": 1e-12}).x
    theta[1] = brentq(slope, 0.9 * theta[1], 1.1 * theta[1], xtol=1e-13)
    rows = []
    for t, v in zip(theta, (1 - theta[0] ** 2 / (1 + dim * theta[0] ** 2), 1 / (1 + theta[1] ** 2))):
        u = 1 + dim * t * t
        rows.append([u, v, dim * t * (lam - u) / u**2])
    return torch.tensor(rows, dtype=torch.float64)

# %% wrong v_below_one: v is lam / u^2 at every lam, also at theta = 0, where q should have variance one; right for lam above 1
def fan_at_rest(lam, dim):
    sleep = max(1.0, 2 * dim * lam / (1 + math.sqrt(1 + 4 * (dim - 1) * dim * lam)))
    elbo = max(1.0, (lam + math.sqrt(lam * lam + 4 * dim * (dim - 1) * lam)) / (2 * dim))
    rows = [(u, lam / u**2, math.sqrt(dim * (u - 1)) * (lam - u) / u**2) for u in (sleep, elbo)]
    return torch.tensor(rows, dtype=torch.float64)

# %% wrong below_noise: u is the root of its quadratic even where that is below 1, with theta cut off at 0; right for lam above 1
def fan_at_rest(lam, dim):
    sleep = 2 * dim * lam / (1 + math.sqrt(1 + 4 * (dim - 1) * dim * lam))
    elbo = (lam + math.sqrt(lam * lam + 4 * dim * (dim - 1) * lam)) / (2 * dim)
    rows = [(u, lam / u**2, math.sqrt(dim * max(0.0, u - 1)) * (lam - u) / u**2) for u in (sleep, elbo)]
    return torch.tensor(rows, dtype=torch.float64)

# %% wrong slope_for_one: the slope of log p lacks the factor d of du / d theta; right for one latent
def fan_at_rest(lam, dim):
    if lam <= 1:
        return torch.tensor([[1.0, 1.0, 0.0]] * 2, dtype=torch.float64)
    sleep = 2 * dim * lam / (1 + math.sqrt(1 + 4 * (dim - 1) * dim * lam))
    elbo = (lam + math.sqrt(lam * lam + 4 * dim * (dim - 1) * lam)) / (2 * dim)
    rows = [(u, lam / u**2, math.sqrt((u - 1) / dim) * (lam - u) / u**2) for u in (sleep, elbo)]
    return torch.tensor(rows, dtype=torch.float64)

# %% wrong few_rounds: a hundred rounds of wake and sleep, and of coordinate ascent, from theta = 1; too few for many latents or lam near one
def fan_at_rest(lam, dim):
    rows = []
    for sleeping in (True, False):
        theta = 1.0
        for _ in range(100):
            u = 1 + dim * theta**2
            v = 1 - theta**2 / u if sleeping else 1 / (1 + theta**2)
            s = dim * theta / u
            theta = s * lam / (s * s * lam + dim * v)
        theta = theta if lam > 1 else 0.0
        u = 1 + dim * theta**2
        v = 1 - theta**2 / u if sleeping else 1 / (1 + theta**2)
        rows.append([u, v, dim * theta * (lam - u) / u**2])
    return torch.tensor(rows, dtype=torch.float64)

# %% wrong slope_in_u: the slope of the mean log p in u, (lam - u) / (2 u^2), in place of theta's; and so not zero at theta = 0
def fan_at_rest(lam, dim):
    sleep = max(1.0, 2 * dim * lam / (1 + math.sqrt(1 + 4 * (dim - 1) * dim * lam)))
    elbo = max(1.0, (lam + math.sqrt(lam * lam + 4 * dim * (dim - 1) * lam)) / (2 * dim))
    rows = [(u, lam / u**2 if lam > 1 else 1.0, (lam - u) / (2 * u**2)) for u in (sleep, elbo)]
    return torch.tensor(rows, dtype=torch.float64)

# %% wrong general_formula: the quadratic formula with d - 1 kept off zero by 1e-13, which loses the digits for one latent
def fan_at_rest(lam, dim):
    if lam <= 1:
        return torch.tensor([[1.0, 1.0, 0.0]] * 2, dtype=torch.float64)
    a = dim - 1 + 1e-13
    sleep = (-1 + math.sqrt(1 + 4 * a * dim * lam)) / (2 * a)
    elbo = (lam + math.sqrt(lam * lam + 4 * dim * (dim - 1) * lam)) / (2 * dim)
    rows = [(u, lam / u**2, math.sqrt(dim * max(0.0, u - 1)) * (lam - u) / u**2) for u in (sleep, elbo)]
    return torch.tensor(rows, dtype=torch.float64)

# %% wrong standard_deviation: lam is taken for the data's standard deviation and squared
def fan_at_rest(lam, dim):
    lam = lam * lam
    if lam <= 1:
        return torch.tensor([[1.0, 1.0, 0.0]] * 2, dtype=torch.float64)
    sleep = 2 * dim * lam / (1 + math.sqrt(1 + 4 * (dim - 1) * dim * lam))
    elbo = (lam + math.sqrt(lam * lam + 4 * dim * (dim - 1) * lam)) / (2 * dim)
    rows = [(u, lam / u**2, math.sqrt(dim * (u - 1)) * (lam - u) / u**2) for u in (sleep, elbo)]
    return torch.tensor(rows, dtype=torch.float64)

# %% wrong many_latents: from fifty latents on, the limit u = sqrt(lam), v = 1; two digits there
def fan_at_rest(lam, dim):
    if lam <= 1:
        return torch.tensor([[1.0, 1.0, 0.0]] * 2, dtype=torch.float64)
    sleep = 2 * dim * lam / (1 + math.sqrt(1 + 4 * (dim - 1) * dim * lam))
    elbo = (lam + math.sqrt(lam * lam + 4 * dim * (dim - 1) * lam)) / (2 * dim)
    if dim >= 50:
        sleep = elbo = math.sqrt(lam)
    rows = [(u, lam / u**2, math.sqrt(dim * (u - 1)) * (lam - u) / u**2) for u in (sleep, elbo)]
    return torch.tensor(rows, dtype=torch.float64)

# %% wrong sum_of_independent: the sum's variance under q is taken as v, not d v; right for one latent
def fan_at_rest(lam, dim):
    table = []
    for sleeping in (True, False):
        v_at = lambda t: 1 - t * t / (1 + dim * t * t) if sleeping else 1 / (1 + t * t)

        def moved(theta):
            s = dim * theta / (1 + dim * theta**2)
            return s * lam / (s * s * lam + v_at(theta)) - theta

        theta = brentq(moved, 1e-4, 9, xtol=1e-14) if lam > 1 else 0.0
        u = 1 + dim * theta**2
        table.append([u, v_at(theta), theta * dim * (lam - u) / u**2])
    return torch.tensor(table, dtype=torch.float64)

# %% wrong dreams_awake: v of each divergence is right, but awake the mean of s squared comes with x from dreams (u), x s with x from the data
def fan_at_rest(lam, dim):
    table = []
    for sleeping in (True, False):
        v_at = lambda t: 1 - t * t / (1 + dim * t * t) if sleeping else 1 / (1 + t * t)

        def moved(theta):
            u = 1 + dim * theta**2
            s = dim * theta / u
            return s * lam / (s * s * u + dim * v_at(theta)) - theta

        theta = brentq(moved, 1e-4, 9, xtol=1e-14) if lam > 1 else 0.0
        u = 1 + dim * theta**2
        table.append([u, v_at(theta), theta * dim * (lam - u) / u**2])
    return torch.tensor(table, dtype=torch.float64)

# %% wrong slow_gradient: both walks by gradient in theta, 3,000 steps of 0.002 from theta = 0.1, with q at its best; not at rest where theta is small or flat
def fan_at_rest(lam, dim):
    table = []
    for sleeping in (True, False):
        theta = 0.1
        for _ in range(3000):
            u = 1 + dim * theta**2
            v = 1 - theta**2 / u if sleeping else 1 / (1 + theta**2)
            s = dim * theta / u
            theta = max(0.0, theta + 0.002 * (s * lam - theta * (s * s * lam + dim * v)))
        u = 1 + dim * theta**2
        v = 1 - theta**2 / u if sleeping else 1 / (1 + theta**2)
        table.append([u, v, theta * dim * (lam - u) / u**2])
    return torch.tensor(table, dtype=torch.float64)

# %% wrong full_covariance: awake after sleep the sum's variance is that of the whole posterior, d / u, correlations and all, so theta ends at maximum likelihood; right for one latent
def fan_at_rest(lam, dim):
    if lam <= 1:
        return torch.tensor([[1.0, 1.0, 0.0]] * 2, dtype=torch.float64)
    sleep = lam
    elbo = (lam + math.sqrt(lam * lam + 4 * dim * (dim - 1) * lam)) / (2 * dim)
    rows = [(u, v, math.sqrt(dim * (u - 1)) * (lam - u) / u**2) for u, v in ((sleep, 1 / sleep), (elbo, lam / elbo**2))]
    return torch.tensor(rows, dtype=torch.float64)
