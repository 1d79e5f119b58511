import torch
from torch import Tensor


def bells(a, b, q, c, r, x, late=1):
    """Precision and linear part, as a function of z_t, of all data from t on. late: whose step carries a bell from t + 1 to t."""
    T = len(x)
    P, h = torch.zeros(T, dtype=x.dtype), torch.zeros(T, dtype=x.dtype)
    for t in reversed(range(T)):
        P[t], h[t] = c[t] ** 2 / r[t], c[t] * x[t] / r[t]
        if t + 1 < T:
            s = t + late
            shrink = 1 + q[s] * P[t + 1]
            P[t] += a[s] ** 2 * P[t + 1] / shrink
            h[t] += a[s] * (h[t + 1] - b[s] * P[t + 1]) / shrink
    return P, h


def steps(q, P, h):
    shrink = 1 + q * P
    return 1 / shrink, h / P, q / shrink

# %% right accumulated_backwards: itertools.accumulate carries (precision, linear part) over the reversed steps; no index and no tensor until the end
def trusted_chain(a: Tensor, b: Tensor, q: Tensor, c: Tensor, r: Tensor, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    import itertools

    rows = [tuple(float(v) for v in row) for row in zip(a, b, q, c, r, x)]

    def back(later, row):
        (_, _, P, h), (a, b, q, c, r, x) = later, row                    # P, h: what comes from later, as a function of z_t
        P, h = P + c * c / r, h + c * x / r
        shrink = 1 + q * P
        return (1 / shrink, h / P, a * a * P / shrink, a * (h - b * P) / shrink)

    found = list(itertools.accumulate(reversed(rows), back, initial=(0.0, 0.0, 0.0, 0.0)))[:0:-1]
    trust = torch.tensor([f[0] for f in found], dtype=x.dtype)
    anchor = torch.tensor([f[1] for f in found], dtype=x.dtype)
    return trust, anchor, trust * q.detach()

# %% wrong no_trust_where_it_cannot_matter: where the step does not see what was before, it says trust zero and the whole mean as anchor: the same q, and not the pair that was asked for
def trusted_chain(a: Tensor, b: Tensor, q: Tensor, c: Tensor, r: Tensor, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    trust, anchor, variance = steps(q, *bells(a, b, q, c, r, x))
    blind = a == 0
    blind[0] = True
    mean = trust * b + (1 - trust) * anchor
    return torch.where(blind, 0.0, trust), torch.where(blind, mean, anchor), variance

# %% wrong the_step_before: carries the bell from t + 1 to t with the slope, shift and variance of the step to t, not of the step to t + 1; right where all steps are alike
def trusted_chain(a: Tensor, b: Tensor, q: Tensor, c: Tensor, r: Tensor, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    return steps(q, *bells(a, b, q, c, r, x, late=0))

# %% wrong marginal_variances: gives the posterior variance of z_t itself, as a smoother prints it, for the variance of z_t given the one before; right at the first step
def trusted_chain(a: Tensor, b: Tensor, q: Tensor, c: Tensor, r: Tensor, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    trust, anchor, variance = steps(q, *bells(a, b, q, c, r, x))
    marginal = variance.clone()
    for t in range(1, len(x)):
        marginal[t] = variance[t] + (trust[t] * a[t]) ** 2 * marginal[t - 1]
    return trust, anchor, marginal

# %% wrong the_datum_twice: the bell that comes back has the datum of its own step in it already, and the student multiplies it in once more
def trusted_chain(a: Tensor, b: Tensor, q: Tensor, c: Tensor, r: Tensor, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    P, h = bells(a, b, q, c, r, x)
    return steps(q, P + c**2 / r, h + c * x / r)
