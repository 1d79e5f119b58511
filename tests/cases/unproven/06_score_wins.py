import math
import torch
from torch import Tensor

def _trapezoid(f, m, s, points=40_001):
    e = torch.linspace(-10, 10, points, dtype=torch.float64)
    w = (-0.5 * e * e).exp()
    w = w / w.sum()
    z = (m + s * e).requires_grad_()
    with torch.enable_grad():
        value = f(z)
        slope = torch.autograd.grad(value.sum(), z)[0]
    value = value.detach()
    var = lambda g: (w * (g - (w * g).sum()).square()).sum()
    return torch.stack([var(slope), var(value * e / s)])

def _sine(t, s):
    e2, mean = math.exp(-2 * t * t), (t * math.exp(-t * t / 2)) ** 2
    return torch.tensor([t * t * (1 + e2) / 2 - mean, (1 - (1 - 4 * t * t) * e2) / 2 - mean], dtype=torch.float64) / s**2

# %% wrong sine_formula: a sine of three radians per standard deviation, by formula; hardly a gradient (right before one was asked for)
def score_wins(m, s):
    return (lambda z: torch.sin(3 * (z - m) / s)), _sine(3.0, s)

# %% wrong log_of_cosine: the logarithm of a shifted cosine, by quadrature; hardly a gradient (right before one was asked for)
def score_wins(m, s):
    f = lambda z: torch.log(1.5 + torch.cos(6 * (z - m) / s + 0.4))
    return f, _trapezoid(f, m, s)

# %% wrong fixed_wave: a wave of fixed length, too long for small s
def score_wins(m, s):
    f = lambda z: torch.sin(4 * (z - m))
    return f, _trapezoid(f, m, s)

# %% wrong hermite_twenty: predictions from twenty Gauss-Hermite points, which cannot follow the wave
def score_wins(m, s):
    import numpy as np
    e, w = np.polynomial.hermite_e.hermegauss(20)
    w = w / w.sum()
    f, slope = np.sin(10 * e), 10 / s * np.cos(10 * e)
    var = lambda g: float(w @ (g - w @ g) ** 2)
    return (lambda z: torch.sin(10 * (z - m) / s)), torch.tensor([var(slope), var(f * e / s)], dtype=torch.float64)

# %% wrong saw: a saw with jumps, whose pathwise gradient is constant and biased; predictions are those of a smooth wave
def score_wins(m, s):
    def f(z):
        u = 4 * (z - m) / s
        return u - torch.floor(u)
    return f, _sine(4.0, s)

# %% wrong asymptotic: a wave of 2.2 radians per standard deviation, predicted as if all exponentials had died out
def score_wins(m, s):
    t = 2.2
    return (lambda z: torch.sin(t * (z - m) / s)), torch.tensor([t * t / 2, 0.5], dtype=torch.float64) / s**2

# %% wrong not_quite_four: a wave of 1.75 radians, whose ratio is 3.8
# not told: a prediction is wrong
def score_wins(m, s):
    return (lambda z: torch.sin(1.75 * (z - m) / s)), _sine(1.75, s)

# %% wrong looks_at_the_batch: the wave is centred and scaled by the values it is given, so it does not act entry by entry
def score_wins(m, s):
    return (lambda z: torch.sin(3 * (z - z.detach().mean()) / s) if z.numel() > 1 else torch.sin(3 * (z - m) / s)), _sine(3.0, s)

# %% wrong forgets_the_phase: a wave in z itself, predicted as if m were zero
def score_wins(m, s):
    f = lambda z: torch.sin(8.5 * z)
    return f, _sine(8.5 * s, s)

# %% wrong writes_into_z: the target centres its argument in place
def score_wins(m, s):
    def f(z):
        y = z.data
        y -= m
        return torch.sin(3 * z / s)
    return f, _sine(3.0, s)

# %% wrong through_numpy: the target goes through numpy and has no slope for autograd
def score_wins(m, s):
    import numpy as np
    return (lambda z: torch.as_tensor(np.sin(3 * (z.detach().numpy() - m) / s))), _sine(3.0, s)

# %% wrong two_thousand_draws: predictions from two thousand draws
def score_wins(m, s):
    e = torch.randn(2000, dtype=torch.float64)
    return (lambda z: torch.sin(3 * (z - m) / s)), torch.stack([(3 / s * torch.cos(3 * e)).var(), (torch.sin(3 * e) * e / s).var()])

# %% wrong offset_forgotten: a constant is added to the target, and the score function's prediction forgets it
def score_wins(m, s):
    f = lambda z: 1 + torch.sin(3 * (z - m) / s)
    return f, _sine(3.0, s)

# %% wrong second_moments: second moments in place of variances, at 2.1 radians
def score_wins(m, s):
    t = 2.1
    return (lambda z: torch.sin(t * (z - m) / s)), _sine(t, s) + (t / s) ** 2 * math.exp(-t * t)
