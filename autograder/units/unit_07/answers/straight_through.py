# %% right trapezoid: On a grid of perturbed and cooled logits; temperatures by a scan that looks closer twice.
import torch


def straight_through(a, c, logit, temperature, samples):
    l = torch.tensor(logit, dtype=torch.float64)
    p = torch.sigmoid(l)
    v = p * (1 - p)
    truth = v * (a / 2 + c)
    exact = torch.stack([truth, v * a * (p - 0.5), v**3 * a**2])
    t = torch.linspace(-40, 40, 1601, dtype=torch.float64)
    b = torch.sigmoid(t)
    path = (a * b + c) * b * torch.sigmoid(-t)

    def bias_and_variance(tau):
        noise = tau * t - l
        density = torch.sigmoid(noise) * torch.sigmoid(-noise)
        mean = 0.05 * (path * density).sum(-1, keepdim=True)
        square = 0.05 * (path**2 * density).sum(-1, keepdim=True) / tau
        return torch.cat([mean - truth, square - mean**2], -1)

    low, high = 0.05, 5.0
    for _ in range(3):
        taus = torch.logspace(torch.log10(torch.tensor(low)), torch.log10(torch.tensor(high)), 300, dtype=torch.float64)
        bias, variance = bias_and_variance(taus.unsqueeze(-1)).unbind(-1)
        best = (bias**2 + variance / samples).argmin()
        low, high = float(taus[max(best - 1, 0)]), float(taus[min(best + 1, 299)])
    bent = bias_and_variance(torch.tensor([temperature], dtype=torch.float64))
    return exact, bent, float(taus[best])


# %% right quad: NumPy and scipy: a sum over the bit, adaptive quadrature over the noise, a bounded search in each valley.
import numpy as np
from scipy.integrate import quad
from scipy.optimize import minimize_scalar


def straight_through(a, c, logit, temperature, samples):
    sigmoid = lambda x: 0.5 * (1 + np.tanh(x / 2))
    p = sigmoid(logit)
    v = p * (1 - p)
    f = lambda b: a * b * b / 2 + c * b
    truth = v * (f(1) - f(0))
    st = [v * c, v * (a + c)]
    mean = (1 - p) * st[0] + p * st[1]
    variance = (1 - p) * st[0] ** 2 + p * st[1] ** 2 - mean**2

    nodes, weights = np.polynomial.legendre.leggauss(40)
    edges = np.linspace(-35, 35, 36)
    t = np.concatenate([(lo + hi) / 2 + (hi - lo) / 2 * nodes for lo, hi in zip(edges, edges[1:])])
    w = np.tile(weights * (edges[1] - edges[0]) / 2, 35)

    def moments(tau):
        b = sigmoid(t)
        slope = (a * b + c) * b * (1 - b)
        d = sigmoid(tau * t - logit) * sigmoid(logit - tau * t)
        m = (w * slope * d).sum()
        return m - truth, (w * slope**2 * d).sum() / tau - m**2

    def error(log_tau):
        bias, var = moments(np.exp(log_tau))
        return bias**2 + var / samples

    grid = np.linspace(np.log(0.05), np.log(5), 120)
    errors = [error(x) for x in grid]
    valleys = [i for i in range(1, 119) if errors[i] <= min(errors[i - 1], errors[i + 1])]
    tries = [(errors[0], grid[0]), (errors[-1], grid[-1])]
    for i in valleys:
        found = minimize_scalar(error, bounds=(grid[i - 1], grid[i + 1]), method="bounded")
        tries.append((found.fun, found.x))
    return [truth, mean - truth, variance], list(moments(temperature)), np.exp(min(tries)[1])


# %% right autograd: The slopes by autograd, on quantiles of the cooled noise.
import torch


def straight_through(a, c, logit, temperature, samples):
    def f(b):
        return a * b**2 / 2 + c * b

    def gradients(tau, x):
        """d f(b) / d logit at bent bits sigmoid(x): the path derivative, one by one."""
        b = torch.sigmoid(x).requires_grad_()
        (slope,) = torch.autograd.grad(f(b).sum(), b)
        return slope * (b * (1 - b)).detach() / tau

    x = torch.arange(-45, 45, 0.05, dtype=torch.float64)
    table = {}

    def mean_and_variance(tau):
        log_d = torch.nn.functional.logsigmoid(tau * x - logit) + torch.nn.functional.logsigmoid(logit - tau * x)
        w = tau * log_d.exp() * 0.05
        g = gradients(tau, x)
        m = (w * g).sum()
        return m, (w * g * g).sum() - m * m

    l = torch.tensor(logit, dtype=torch.float64, requires_grad=True)
    p = torch.sigmoid(l)
    zero, one = torch.zeros(1, dtype=torch.float64), torch.ones(1, dtype=torch.float64)
    (truth,) = torch.autograd.grad(((1 - p) * f(zero) + p * f(one)).sum(), l)
    p = p.detach()
    v = p * (1 - p)
    low, high = v * c, v * (a + c)
    st_mean = (1 - p) * low + p * high
    st_variance = p * (1 - p) * (high - low) ** 2

    def error(tau):
        if tau not in table:
            m, var = mean_and_variance(tau)
            table[tau] = float((m - truth) ** 2 + var / samples)
        return table[tau]

    taus = [0.05 * 100 ** (i / 150) for i in range(151)]
    for _ in range(3):
        i = min(range(len(taus)), key=lambda j: error(taus[j]))
        lo, hi = taus[max(i - 1, 0)], taus[min(i + 1, len(taus) - 1)]
        best = taus[i]
        taus = [lo + (hi - lo) * j / 20 for j in range(21)]
    m, var = mean_and_variance(temperature)
    return torch.stack([truth, st_mean - truth, st_variance]), torch.stack([m - truth, var]), torch.tensor(best)


# %% wrong in_p, from right trapezoid: Gradients in p rather than in the logit.
# diagnosis: slope_in_p
#-     exact = torch.stack([truth, v * a * (p - 0.5), v**3 * a**2])
#+     exact = torch.stack([a / 2 + c + 0 * p, a * (p - 0.5), v * a**2])


# %% wrong slope_for_truth, from right trapezoid: The gradient of E f is taken to be the mean slope.
# diagnosis: slope_for_truth
#-     exact = torch.stack([truth, v * a * (p - 0.5), v**3 * a**2])
#+     exact = torch.stack([v * (a * p + c), 0 * v, v**3 * a**2])


# %% wrong at_the_mean, from right trapezoid: The slope at the mean of the bit: the same mean, and no noise.
# diagnosis: slope_at_mean
#-     exact = torch.stack([truth, v * a * (p - 0.5), v**3 * a**2])
#+     exact = torch.stack([truth, v * a * (p - 0.5), 0 * v])


# %% wrong squares, from right quad: A mean of squares.
# diagnosis: second_moment
#-     variance = (1 - p) * st[0] ** 2 + p * st[1] ** 2 - mean**2
#+     variance = (1 - p) * st[0] ** 2 + p * st[1] ** 2


# %% wrong law, from right trapezoid: The laws of small temperature, for everything.
# diagnosis: small_temperature_law
#-     bent = bias_and_variance(torch.tensor([temperature], dtype=torch.float64))
#+     big_v = v * (a**2 / 20 + a * c / 6 + c**2 / 6)
#+     bent = torch.stack([temperature * exact[1], big_v / temperature])


# %% wrong law_best, from right trapezoid: Bias and variance are exact, and the best temperature is that of the law.
# diagnosis: law
#-     return exact, bent, float(taus[best])
#+     big_v = v * (a**2 / 20 + a * c / 6 + c**2 / 6)
#+     return exact, bent, float(((big_v / (2 * exact[1] ** 2 * samples)) ** (1 / 3)).clamp(0.05, 5.0))


# %% wrong one_sample, from right trapezoid: The budget is not used.
# diagnosis: budget_ignored
#-         best = (bias**2 + variance / samples).argmin()
#+         best = (bias**2 + variance).argmin()


# %% wrong unsquared, from right trapezoid: Bias plus variance.
# diagnosis: bias_not_squared
#-         best = (bias**2 + variance / samples).argmin()
#+         best = (bias.abs() + variance / samples).argmin()


# %% wrong no_inverse, from right trapezoid: The slope of the bent bit without one over the temperature.
# diagnosis: temperature_lost
#-     bent = bias_and_variance(torch.tensor([temperature], dtype=torch.float64))
#+     bent = bias_and_variance(torch.tensor([temperature], dtype=torch.float64))
#+     mean = (bent[0] + truth) * temperature
#+     bent = torch.stack([mean - truth, bent[1] * temperature**2])


# %% wrong coarse, from right trapezoid: Five temperatures are tried.
# diagnosis: not_the_least
#-     return exact, bent, float(taus[best])
#+     few = torch.tensor([0.1, 0.3, 0.7, 1.0, 2.0], dtype=torch.float64)
#+     bias, variance = bias_and_variance(few.unsqueeze(-1)).unbind(-1)
#+     return exact, bent, float(few[(bias**2 + variance / samples).argmin()])


# %% wrong sampled, from right trapezoid: A mean over a few thousand draws for an integral.
# diagnosis: value
#-     bent = bias_and_variance(torch.tensor([temperature], dtype=torch.float64))
#+     u = torch.rand(5000, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
#+     soft = torch.sigmoid((l + u.logit()) / temperature)
#+     g = (a * soft + c) * soft * (1 - soft) / temperature
#+     bent = torch.stack([g.mean() - truth, g.var()])


# %% wrong one_valley, from right quad: A single search over the whole range, which ends in the nearest valley.
# diagnosis: not_the_least
#-     valleys = [i for i in range(1, 119) if errors[i] <= min(errors[i - 1], errors[i + 1])]
#+     valleys = []
#@@
#-     tries = [(errors[0], grid[0]), (errors[-1], grid[-1])]
#+     once = minimize_scalar(error, bounds=(grid[0], grid[-1] - 2.0), method="bounded", options={"maxiter": 4})
#+     tries = [(once.fun, once.x)]


# %% wrong the_other_range, from right trapezoid: The best temperature is looked for in the range from which `temperature` comes, and it lies below.
# diagnosis: not_the_least
#-     low, high = 0.05, 5.0
#+     low, high = 0.1, 3.0
