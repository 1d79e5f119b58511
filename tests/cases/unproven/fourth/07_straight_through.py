import itertools
import math

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

# %% right torch_scan: trapezoid rule in t = (l + noise) / tau; a scan of log temperature and two zooms
def moments(a, c, logit, temperature):
    t = torch.linspace(-60, 60, 2401, dtype=torch.float64)
    s, rest = torch.sigmoid(t), torch.sigmoid(-t)
    noise = temperature * t - logit
    density = torch.sigmoid(noise) * torch.sigmoid(-noise)
    path = (a * s + c) * s * rest
    mean = torch.trapezoid(path * density, t)
    second = torch.trapezoid(path**2 * density, t) / temperature
    return mean, second - mean**2


def straight_through(a: float, c: float, logit: float, temperature: float, samples: int):
    p = 1 / (1 + math.exp(-logit))
    v = p * (1 - p)
    truth = v * (a / 2 + c)
    exact = torch.tensor([truth, a * (p - 0.5) * v, a * a * v**3], dtype=torch.float64)
    mean, variance = moments(a, c, logit, temperature)
    bent = torch.stack([mean - truth, variance])

    def mse(x):
        m, var = moments(a, c, logit, math.exp(x))
        return float((m - truth) ** 2 + var / samples)

    low, high = math.log(0.05), math.log(5)
    grid = [low + (high - low) * i / 300 for i in range(301)]
    for _ in range(3):
        values = [mse(x) for x in grid]
        i = min(range(len(grid)), key=values.__getitem__)
        lo, hi = grid[max(i - 1, 0)], grid[min(i + 1, len(grid) - 1)]
        grid = [lo + (hi - lo) * j / 20 for j in range(21)]
    return exact, bent, min(max(math.exp(min(grid, key=mse)), 0.05), 5.0)


# %% right numpy: one NumPy grid of temperatures times t; NumPy arrays come back
def straight_through(a, c, logit, temperature, samples):
    t = np.linspace(-45, 45, 3001)
    dt = t[1] - t[0]
    s = 1 / (1 + np.exp(-t))
    path = (a * s + c) * s / (1 + np.exp(t))

    def moments(taus):
        x = np.abs(np.multiply.outer(taus, t) - logit)
        density = np.exp(-x) / (1 + np.exp(-x)) ** 2
        mean = density @ path * dt
        return mean, density @ path**2 * dt / taus - mean**2

    p = 1 / (1 + np.exp(-logit))
    truth = p * (1 - p) * (0.5 * a + c)
    through = np.array([c, a + c]) * p * (1 - p)
    weights = np.array([1 - p, p])
    mean = weights @ through
    exact = np.array([truth, mean - truth, weights @ (through - mean) ** 2])
    m, var = moments(np.array([temperature]))
    bent = np.array([m[0] - truth, var[0]])
    taus = np.geomspace(0.05, 5, 1500)
    m, var = moments(taus)
    return exact, bent, float(taus[np.argmin((m - truth) ** 2 + var / samples)])


# %% right loops_in_the_uniform_number: plain loops: sigmoid-spaced nodes (the bent bit's logit) summed in Python; lists come back; the best by golden section in each valley of a scan
def straight_through(a, c, logit, temperature, samples):
    def sigmoid(x):
        return 1 / (1 + math.exp(-x)) if x >= 0 else math.exp(x) / (1 + math.exp(x))

    nodes = []
    for i in range(-300, 301):
        t = 0.13 * i
        s = sigmoid(t)
        nodes.append((t, (a * s + c) * s * sigmoid(-t)))

    def moments(tau):
        one = two = 0.0
        for t, y in nodes:
            x = tau * t - logit
            w = 0.13 * sigmoid(x) * sigmoid(-x)
            one += w * y
            two += w * y * y / tau
        return one, two - one * one

    p = sigmoid(logit)
    truth = p * sigmoid(-logit) * (a / 2 + c)

    def error(x):
        m, v = moments(math.exp(x))
        return (m - truth) ** 2 + v / samples

    xs = [math.log(0.05) + i * math.log(100) / 120 for i in range(121)]
    es = [error(x) for x in xs]
    best = (math.inf, 0.0)
    for i in range(121):
        if es[i] <= es[max(i - 1, 0)] and es[i] <= es[min(i + 1, 120)]:
            lo, hi = xs[max(i - 1, 0)], xs[min(i + 1, 120)]
            for _ in range(25):
                m1, m2 = hi - 0.618034 * (hi - lo), lo + 0.618034 * (hi - lo)
                if error(m1) < error(m2):
                    hi = m2
                else:
                    lo = m1
            best = min(best, (error((lo + hi) / 2), math.exp((lo + hi) / 2)), (es[i], math.exp(xs[i])))
    m, v = moments(temperature)
    q = p * (1 - p)
    return [[truth, a * (2 * p - 1) / 2 * q, a**2 * q**3], [m - truth, v], min(max(best[1], 0.05), 5.0)]


# %% wrong absolute_bias: the bent bias without its sign, as the figure shows it
def moments(a, c, logit, temperature):
    t = torch.linspace(-60, 60, 2401, dtype=torch.float64)
    s, rest = torch.sigmoid(t), torch.sigmoid(-t)
    noise = temperature * t - logit
    density = torch.sigmoid(noise) * torch.sigmoid(-noise)
    path = (a * s + c) * s * rest
    mean = torch.trapezoid(path * density, t)
    second = torch.trapezoid(path**2 * density, t) / temperature
    return mean, second - mean**2


def straight_through(a: float, c: float, logit: float, temperature: float, samples: int):
    p = 1 / (1 + math.exp(-logit))
    v = p * (1 - p)
    truth = v * (a / 2 + c)
    exact = torch.tensor([truth, a * (p - 0.5) * v, a * a * v**3], dtype=torch.float64)
    mean, variance = moments(a, c, logit, temperature)
    bent = torch.stack([(mean - truth).abs(), variance])

    def mse(x):
        m, var = moments(a, c, logit, math.exp(x))
        return float((m - truth) ** 2 + var / samples)

    low, high = math.log(0.05), math.log(5)
    grid = [low + (high - low) * i / 300 for i in range(301)]
    for _ in range(3):
        values = [mse(x) for x in grid]
        i = min(range(len(grid)), key=values.__getitem__)
        lo, hi = grid[max(i - 1, 0)], grid[min(i + 1, len(grid) - 1)]
        grid = [lo + (hi - lo) * j / 20 for j in range(21)]
    return exact, bent, min(max(math.exp(min(grid, key=mse)), 0.05), 5.0)


# %% wrong second_moment_for_variance: the bent variance is a second moment; near enough at low temperature, or where the mean is small
def moments(a, c, logit, temperature):
    t = torch.linspace(-60, 60, 2401, dtype=torch.float64)
    s, rest = torch.sigmoid(t), torch.sigmoid(-t)
    noise = temperature * t - logit
    density = torch.sigmoid(noise) * torch.sigmoid(-noise)
    path = (a * s + c) * s * rest
    mean = torch.trapezoid(path * density, t)
    second = torch.trapezoid(path**2 * density, t) / temperature
    return mean, second


def straight_through(a: float, c: float, logit: float, temperature: float, samples: int):
    p = 1 / (1 + math.exp(-logit))
    v = p * (1 - p)
    truth = v * (a / 2 + c)
    exact = torch.tensor([truth, a * (p - 0.5) * v, a * a * v**3], dtype=torch.float64)
    mean, variance = moments(a, c, logit, temperature)
    bent = torch.stack([mean - truth, variance])

    def mse(x):
        m, var = moments(a, c, logit, math.exp(x))
        return float((m - truth) ** 2 + var / samples)

    low, high = math.log(0.05), math.log(5)
    grid = [low + (high - low) * i / 300 for i in range(301)]
    for _ in range(3):
        values = [mse(x) for x in grid]
        i = min(range(len(grid)), key=values.__getitem__)
        lo, hi = grid[max(i - 1, 0)], grid[min(i + 1, len(grid) - 1)]
        grid = [lo + (hi - lo) * j / 20 for j in range(21)]
    return exact, bent, min(max(math.exp(min(grid, key=mse)), 0.05), 5.0)


# %% wrong one_over_tau_lost: no 1 / tau in the second moment, right at temperature one
def moments(a, c, logit, temperature):
    t = torch.linspace(-60, 60, 2401, dtype=torch.float64)
    s, rest = torch.sigmoid(t), torch.sigmoid(-t)
    noise = temperature * t - logit
    density = torch.sigmoid(noise) * torch.sigmoid(-noise)
    path = (a * s + c) * s * rest
    mean = torch.trapezoid(path * density, t)
    second = torch.trapezoid(path**2 * density, t)
    return mean, second - mean**2


def straight_through(a: float, c: float, logit: float, temperature: float, samples: int):
    p = 1 / (1 + math.exp(-logit))
    v = p * (1 - p)
    truth = v * (a / 2 + c)
    exact = torch.tensor([truth, a * (p - 0.5) * v, a * a * v**3], dtype=torch.float64)
    mean, variance = moments(a, c, logit, temperature)
    bent = torch.stack([mean - truth, variance])

    def mse(x):
        m, var = moments(a, c, logit, math.exp(x))
        return float((m - truth) ** 2 + var / samples)

    low, high = math.log(0.05), math.log(5)
    grid = [low + (high - low) * i / 300 for i in range(301)]
    for _ in range(3):
        values = [mse(x) for x in grid]
        i = min(range(len(grid)), key=values.__getitem__)
        lo, hi = grid[max(i - 1, 0)], grid[min(i + 1, len(grid) - 1)]
        grid = [lo + (hi - lo) * j / 20 for j in range(21)]
    return exact, bent, min(max(math.exp(min(grid, key=mse)), 0.05), 5.0)


# %% wrong even_grid_in_the_noise: the trapezoid rule in the noise with steps of 0.2, which at temperature 0.1 is coarser than the peak
def moments(a, c, logit, temperature):
    noise = torch.linspace(-40, 40, 401, dtype=torch.float64)
    t = (noise + logit) / temperature
    s, rest = torch.sigmoid(t), torch.sigmoid(-t)
    noise = temperature * t - logit
    density = torch.sigmoid(noise) * torch.sigmoid(-noise)
    path = (a * s + c) * s * rest
    mean = torch.trapezoid(path * density, t)
    second = torch.trapezoid(path**2 * density, t) / temperature
    return mean, second - mean**2


def straight_through(a: float, c: float, logit: float, temperature: float, samples: int):
    p = 1 / (1 + math.exp(-logit))
    v = p * (1 - p)
    truth = v * (a / 2 + c)
    exact = torch.tensor([truth, a * (p - 0.5) * v, a * a * v**3], dtype=torch.float64)
    mean, variance = moments(a, c, logit, temperature)
    bent = torch.stack([mean - truth, variance])

    def mse(x):
        m, var = moments(a, c, logit, math.exp(x))
        return float((m - truth) ** 2 + var / samples)

    low, high = math.log(0.05), math.log(5)
    grid = [low + (high - low) * i / 300 for i in range(301)]
    for _ in range(3):
        values = [mse(x) for x in grid]
        i = min(range(len(grid)), key=values.__getitem__)
        lo, hi = grid[max(i - 1, 0)], grid[min(i + 1, len(grid) - 1)]
        grid = [lo + (hi - lo) * j / 20 for j in range(21)]
    return exact, bent, min(max(math.exp(min(grid, key=mse)), 0.05), 5.0)


# %% wrong short_grid: t from -6 to 6 only, enough for five digits at high temperatures only
def moments(a, c, logit, temperature):
    t = torch.linspace(-6, 6, 241, dtype=torch.float64)
    s, rest = torch.sigmoid(t), torch.sigmoid(-t)
    noise = temperature * t - logit
    density = torch.sigmoid(noise) * torch.sigmoid(-noise)
    path = (a * s + c) * s * rest
    mean = torch.trapezoid(path * density, t)
    second = torch.trapezoid(path**2 * density, t) / temperature
    return mean, second - mean**2


def straight_through(a: float, c: float, logit: float, temperature: float, samples: int):
    p = 1 / (1 + math.exp(-logit))
    v = p * (1 - p)
    truth = v * (a / 2 + c)
    exact = torch.tensor([truth, a * (p - 0.5) * v, a * a * v**3], dtype=torch.float64)
    mean, variance = moments(a, c, logit, temperature)
    bent = torch.stack([mean - truth, variance])

    def mse(x):
        m, var = moments(a, c, logit, math.exp(x))
        return float((m - truth) ** 2 + var / samples)

    low, high = math.log(0.05), math.log(5)
    grid = [low + (high - low) * i / 300 for i in range(301)]
    for _ in range(3):
        values = [mse(x) for x in grid]
        i = min(range(len(grid)), key=values.__getitem__)
        lo, hi = grid[max(i - 1, 0)], grid[min(i + 1, len(grid) - 1)]
        grid = [lo + (hi - lo) * j / 20 for j in range(21)]
    return exact, bent, min(max(math.exp(min(grid, key=mse)), 0.05), 5.0)


# %% wrong monte_carlo: the bent moments by a million draws, from a generator that is seeded for everybody
def moments(a, c, logit, temperature):
    t = torch.linspace(-60, 60, 2401, dtype=torch.float64)
    s, rest = torch.sigmoid(t), torch.sigmoid(-t)
    noise = temperature * t - logit
    density = torch.sigmoid(noise) * torch.sigmoid(-noise)
    path = (a * s + c) * s * rest
    mean = torch.trapezoid(path * density, t)
    second = torch.trapezoid(path**2 * density, t) / temperature
    return mean, second - mean**2


def straight_through(a: float, c: float, logit: float, temperature: float, samples: int):
    p = 1 / (1 + math.exp(-logit))
    v = p * (1 - p)
    truth = v * (a / 2 + c)
    exact = torch.tensor([truth, a * (p - 0.5) * v, a * a * v**3], dtype=torch.float64)
    torch.manual_seed(0)
    u = torch.rand(1_000_000, dtype=torch.float64)
    soft = torch.sigmoid((logit + u.logit()) / temperature)
    each = (a * soft + c) * soft * (1 - soft) / temperature
    mean, variance = each.mean(), each.var()
    bent = torch.stack([mean - truth, variance])

    def mse(x):
        m, var = moments(a, c, logit, math.exp(x))
        return float((m - truth) ** 2 + var / samples)

    low, high = math.log(0.05), math.log(5)
    grid = [low + (high - low) * i / 300 for i in range(301)]
    for _ in range(3):
        values = [mse(x) for x in grid]
        i = min(range(len(grid)), key=values.__getitem__)
        lo, hi = grid[max(i - 1, 0)], grid[min(i + 1, len(grid) - 1)]
        grid = [lo + (hi - lo) * j / 20 for j in range(21)]
    return exact, bent, min(max(math.exp(min(grid, key=mse)), 0.05), 5.0)


# %% wrong one_valley: golden section from the whole range: ends in one valley, be it the lesser or not
def moments(a, c, logit, temperature):
    t = torch.linspace(-60, 60, 2401, dtype=torch.float64)
    s, rest = torch.sigmoid(t), torch.sigmoid(-t)
    noise = temperature * t - logit
    density = torch.sigmoid(noise) * torch.sigmoid(-noise)
    path = (a * s + c) * s * rest
    mean = torch.trapezoid(path * density, t)
    second = torch.trapezoid(path**2 * density, t) / temperature
    return mean, second - mean**2


def straight_through(a: float, c: float, logit: float, temperature: float, samples: int):
    p = 1 / (1 + math.exp(-logit))
    v = p * (1 - p)
    truth = v * (a / 2 + c)
    exact = torch.tensor([truth, a * (p - 0.5) * v, a * a * v**3], dtype=torch.float64)
    mean, variance = moments(a, c, logit, temperature)
    bent = torch.stack([mean - truth, variance])

    def mse(x):
        m, var = moments(a, c, logit, math.exp(x))
        return float((m - truth) ** 2 + var / samples)

    lo, hi = math.log(0.05), math.log(5)
    for _ in range(60):
        m1, m2 = hi - 0.618034 * (hi - lo), lo + 0.618034 * (hi - lo)
        if mse(m1) < mse(m2):
            hi = m2
        else:
            lo = m1
    return exact, bent, math.exp((lo + hi) / 2)


# %% wrong scan_up_to_one: the scan ends at temperature one
def moments(a, c, logit, temperature):
    t = torch.linspace(-60, 60, 2401, dtype=torch.float64)
    s, rest = torch.sigmoid(t), torch.sigmoid(-t)
    noise = temperature * t - logit
    density = torch.sigmoid(noise) * torch.sigmoid(-noise)
    path = (a * s + c) * s * rest
    mean = torch.trapezoid(path * density, t)
    second = torch.trapezoid(path**2 * density, t) / temperature
    return mean, second - mean**2


def straight_through(a: float, c: float, logit: float, temperature: float, samples: int):
    p = 1 / (1 + math.exp(-logit))
    v = p * (1 - p)
    truth = v * (a / 2 + c)
    exact = torch.tensor([truth, a * (p - 0.5) * v, a * a * v**3], dtype=torch.float64)
    mean, variance = moments(a, c, logit, temperature)
    bent = torch.stack([mean - truth, variance])

    def mse(x):
        m, var = moments(a, c, logit, math.exp(x))
        return float((m - truth) ** 2 + var / samples)

    low, high = math.log(0.05), math.log(1.0)
    grid = [low + (high - low) * i / 300 for i in range(301)]
    for _ in range(3):
        values = [mse(x) for x in grid]
        i = min(range(len(grid)), key=values.__getitem__)
        lo, hi = grid[max(i - 1, 0)], grid[min(i + 1, len(grid) - 1)]
        grid = [lo + (hi - lo) * j / 20 for j in range(21)]
    return exact, bent, min(max(math.exp(min(grid, key=mse)), 0.05), 5.0)


# %% wrong coarse_linear_scan: fifty temperatures evenly spaced on a linear scale, and no closer look
def moments(a, c, logit, temperature):
    t = torch.linspace(-60, 60, 2401, dtype=torch.float64)
    s, rest = torch.sigmoid(t), torch.sigmoid(-t)
    noise = temperature * t - logit
    density = torch.sigmoid(noise) * torch.sigmoid(-noise)
    path = (a * s + c) * s * rest
    mean = torch.trapezoid(path * density, t)
    second = torch.trapezoid(path**2 * density, t) / temperature
    return mean, second - mean**2


def straight_through(a: float, c: float, logit: float, temperature: float, samples: int):
    p = 1 / (1 + math.exp(-logit))
    v = p * (1 - p)
    truth = v * (a / 2 + c)
    exact = torch.tensor([truth, a * (p - 0.5) * v, a * a * v**3], dtype=torch.float64)
    mean, variance = moments(a, c, logit, temperature)
    bent = torch.stack([mean - truth, variance])

    def mse(x):
        m, var = moments(a, c, logit, math.exp(x))
        return float((m - truth) ** 2 + var / samples)

    taus = torch.linspace(0.05, 5, 50, dtype=torch.float64).tolist()
    return exact, bent, min(taus, key=lambda x: mse(math.log(x)))


# %% wrong where_the_curves_cross: the temperature at which the absolute bias comes nearest to the standard error
def moments(a, c, logit, temperature):
    t = torch.linspace(-60, 60, 2401, dtype=torch.float64)
    s, rest = torch.sigmoid(t), torch.sigmoid(-t)
    noise = temperature * t - logit
    density = torch.sigmoid(noise) * torch.sigmoid(-noise)
    path = (a * s + c) * s * rest
    mean = torch.trapezoid(path * density, t)
    second = torch.trapezoid(path**2 * density, t) / temperature
    return mean, second - mean**2


def straight_through(a: float, c: float, logit: float, temperature: float, samples: int):
    p = 1 / (1 + math.exp(-logit))
    v = p * (1 - p)
    truth = v * (a / 2 + c)
    exact = torch.tensor([truth, a * (p - 0.5) * v, a * a * v**3], dtype=torch.float64)
    mean, variance = moments(a, c, logit, temperature)
    bent = torch.stack([mean - truth, variance])

    def mse(x):
        m, var = moments(a, c, logit, math.exp(x))
        return float((m - truth) ** 2 + var / samples)

    def gap(x):
        m, var = moments(a, c, logit, math.exp(x))
        return abs(abs(float(m - truth)) - math.sqrt(float(var) / samples))

    low, high = math.log(0.05), math.log(5)
    return exact, bent, math.exp(min((low + (high - low) * i / 600 for i in range(601)), key=gap))


# %% wrong bias_not_squared: absolute bias plus standard error is least, not the mean squared error
def moments(a, c, logit, temperature):
    t = torch.linspace(-60, 60, 2401, dtype=torch.float64)
    s, rest = torch.sigmoid(t), torch.sigmoid(-t)
    noise = temperature * t - logit
    density = torch.sigmoid(noise) * torch.sigmoid(-noise)
    path = (a * s + c) * s * rest
    mean = torch.trapezoid(path * density, t)
    second = torch.trapezoid(path**2 * density, t) / temperature
    return mean, second - mean**2


def straight_through(a: float, c: float, logit: float, temperature: float, samples: int):
    p = 1 / (1 + math.exp(-logit))
    v = p * (1 - p)
    truth = v * (a / 2 + c)
    exact = torch.tensor([truth, a * (p - 0.5) * v, a * a * v**3], dtype=torch.float64)
    mean, variance = moments(a, c, logit, temperature)
    bent = torch.stack([mean - truth, variance])

    def mse(x):
        m, var = moments(a, c, logit, math.exp(x))
        return float((m - truth).abs() + (var / samples).sqrt())

    low, high = math.log(0.05), math.log(5)
    grid = [low + (high - low) * i / 300 for i in range(301)]
    for _ in range(3):
        values = [mse(x) for x in grid]
        i = min(range(len(grid)), key=values.__getitem__)
        lo, hi = grid[max(i - 1, 0)], grid[min(i + 1, len(grid) - 1)]
        grid = [lo + (hi - lo) * j / 20 for j in range(21)]
    return exact, bent, min(max(math.exp(min(grid, key=mse)), 0.05), 5.0)


# %% wrong one_fifth_law: the best temperature by the power law samples**(-1/5), with a constant fitted to the example in the set
def moments(a, c, logit, temperature):
    t = torch.linspace(-60, 60, 2401, dtype=torch.float64)
    s, rest = torch.sigmoid(t), torch.sigmoid(-t)
    noise = temperature * t - logit
    density = torch.sigmoid(noise) * torch.sigmoid(-noise)
    path = (a * s + c) * s * rest
    mean = torch.trapezoid(path * density, t)
    second = torch.trapezoid(path**2 * density, t) / temperature
    return mean, second - mean**2


def straight_through(a: float, c: float, logit: float, temperature: float, samples: int):
    p = 1 / (1 + math.exp(-logit))
    v = p * (1 - p)
    truth = v * (a / 2 + c)
    exact = torch.tensor([truth, a * (p - 0.5) * v, a * a * v**3], dtype=torch.float64)
    mean, variance = moments(a, c, logit, temperature)
    bent = torch.stack([mean - truth, variance])

    def mse(x):
        m, var = moments(a, c, logit, math.exp(x))
        return float((m - truth) ** 2 + var / samples)

    return exact, bent, min(max(0.64 * (samples / 10_000) ** -0.2, 0.05), 5.0)
