import numpy as np
import torch
from torch import Tensor


def posterior(theta, dim):
    """The variance of the evidence, and the variance of the sum of the latents given x; its mean is theta dim x / v."""
    v = 1 + dim * theta**2
    return v, dim / v


def covariance_after(theta, dim, sweeps, C):
    """Covariance of the latents round their posterior mean after so many sweeps, one site after another."""
    pull, noise = theta**2 / (1 + theta**2), 1 / (1 + theta**2)
    C = C.clone()
    for _ in range(sweeps):
        for i in range(dim):
            row = -pull * (C.sum(0) - C[i])
            own = -pull * (row.sum() - row[i]) + noise
            C[i], C[:, i] = row, row
            C[i, i] = own
    return C


def slope_of(theta, x, dim, variance_of_sum):
    """The mean of the slope of log p(x, z), if the sum has its posterior mean and this variance."""
    mean = theta * dim * x / (1 + dim * theta**2)
    return x * mean - theta * (variance_of_sum + mean**2)


# %% right covariance_site_by_site: all three from one formula, the variance of the sum is 1/(precision) summed, q's, or the chain's
def fan_slopes(theta, x, dim, sweeps):
    v, given = posterior(theta, dim)
    alone = torch.eye(dim, dtype=torch.float64) / (1 + theta**2)
    after = covariance_after(theta, dim, sweeps, alone).sum()
    return slope_of(theta, x, dim, given), slope_of(theta, x, dim, dim / (1 + theta**2)), slope_of(theta, x, dim, after)


# %% right gauss_seidel_matrix: NumPy; precision L + D + L', a sweep is A = -(L + D)^-1 L', and what lacks to the posterior covariance goes to A M A'
def fan_slopes(theta, x, dim, sweeps):
    x = np.asarray(x, dtype=float)
    v = 1 + dim * theta**2
    exact = dim * theta * (x**2 - v) / v**2
    precision = np.eye(dim) + theta**2 * np.ones((dim, dim))
    lower, upper = np.tril(precision), np.triu(precision, 1)
    A = -np.linalg.solve(lower, upper)
    sigma = np.eye(dim) - theta**2 / v * np.ones((dim, dim))
    M = np.diag(1 / np.diag(precision)) - sigma
    bias0 = M.sum()
    for _ in range(sweeps):
        M = A @ M @ A.T
    return [exact, exact - theta * bias0, exact - theta * M.sum()]


# %% right autograd_and_noises: the exact slope and the ELBO's by autograd in theta (q held fixed); the chain as a linear function of all noises that went into it
def fan_slopes(theta, x, dim, sweeps):
    one = torch.ones(dim, dtype=torch.float64)
    s2 = 1 / (1 + theta**2)
    m = (theta / (1 + dim * theta**2)) * x

    def joint(t, mean_of_sum, square_of_sum):
        return -0.5 * (x**2 - 2 * t * x * mean_of_sum + t**2 * square_of_sum)

    t = torch.full(x.shape, float(theta), dtype=torch.float64, requires_grad=True)
    with torch.enable_grad():
        v = 1 + dim * t**2
        exact, = torch.autograd.grad((-0.5 * v.log() - 0.5 * x**2 / v).sum(), t)
        t2 = t.detach().clone().requires_grad_(True)
        elbo, = torch.autograd.grad(joint(t2, dim * m, dim * s2 + (dim * m) ** 2).sum(), t2)
        loads = torch.zeros(dim, dim * (sweeps + 1), dtype=torch.float64)
        loads[:, :dim] = torch.diag(one) * s2**0.5
        for n in range(sweeps):
            for i in range(dim):
                others = loads.sum(0) - loads[i]
                loads[i] = -theta**2 * s2 * others
                loads[i, dim * (n + 1) + i] += s2**0.5
        t3 = t.detach().clone().requires_grad_(True)
        chain, = torch.autograd.grad(joint(t3, dim * m, loads.sum(0).square().sum() + (dim * m) ** 2).sum(), t3)
    return exact, elbo, chain


# %% wrong posterior_variance_for_q: q has the posterior's marginal variances; the best q for the ELBO has those of the conditionals, 1 / (1 + theta^2)
def fan_slopes(theta, x, dim, sweeps):
    v, given = posterior(theta, dim)
    marginal = 1 - theta**2 / v
    after = covariance_after(theta, dim, sweeps, torch.eye(dim, dtype=torch.float64) * marginal).sum()
    return slope_of(theta, x, dim, given), slope_of(theta, x, dim, dim * marginal), slope_of(theta, x, dim, after)


# %% wrong all_at_once: a sweep draws every latent from the *old* values of the others; "the present values" are the new ones for those already drawn
def fan_slopes(theta, x, dim, sweeps):
    v, given = posterior(theta, dim)
    pull, noise = theta**2 / (1 + theta**2), 1 / (1 + theta**2)
    A = -pull * (torch.ones(dim, dim, dtype=torch.float64) - torch.eye(dim, dtype=torch.float64))
    C = torch.eye(dim, dtype=torch.float64) * noise
    for _ in range(sweeps):
        C = A @ C @ A.T + noise * torch.eye(dim, dtype=torch.float64)
    return slope_of(theta, x, dim, given), slope_of(theta, x, dim, dim * noise), slope_of(theta, x, dim, C.sum())


# %% wrong constant_factor: the bias shrinks by the squared correlation, (theta^2 / (1 + theta^2))^2, in every sweep; a guess from the chain's autocorrelation at d = 2
def fan_slopes(theta, x, dim, sweeps):
    v, given = posterior(theta, dim)
    exact, elbo = slope_of(theta, x, dim, given), slope_of(theta, x, dim, dim / (1 + theta**2))
    rate = (theta**2 / (1 + theta**2)) ** 2 if dim > 1 else 0.0
    return exact, elbo, exact + (elbo - exact) * rate**sweeps


# %% wrong spectral_factor: the bias shrinks by the squared spectral radius of the sweep's matrix; right in the long run, not sweep by sweep, for d above two
def fan_slopes(theta, x, dim, sweeps):
    v, given = posterior(theta, dim)
    exact, elbo = slope_of(theta, x, dim, given), slope_of(theta, x, dim, dim / (1 + theta**2))
    precision = torch.eye(dim, dtype=torch.float64) + theta**2
    A = -torch.linalg.solve(precision.tril(), precision.triu(1))
    rate = float(torch.linalg.eigvals(A).abs().max()) ** 2
    return exact, elbo, exact + (elbo - exact) * rate**sweeps


# %% wrong sweep_is_one_site: a sweep updates one latent, the next sweep the next one; a sweep draws all of them (right for d = 1)
def fan_slopes(theta, x, dim, sweeps):
    v, given = posterior(theta, dim)
    pull, noise = theta**2 / (1 + theta**2), 1 / (1 + theta**2)
    C = torch.eye(dim, dtype=torch.float64) * noise
    for n in range(sweeps):
        i = n % dim
        row = -pull * (C.sum(0) - C[i])
        own = -pull * (row.sum() - row[i]) + noise
        C[i], C[:, i] = row, row
        C[i, i] = own
    return slope_of(theta, x, dim, given), slope_of(theta, x, dim, dim * noise), slope_of(theta, x, dim, C.sum())


# %% wrong first_site_stands_still: the last d - 1 latents are drawn, since z_1 "was just drawn from q", whose conditional has that very variance; but q does not look at the others
def fan_slopes(theta, x, dim, sweeps):
    v, given = posterior(theta, dim)
    pull, noise = theta**2 / (1 + theta**2), 1 / (1 + theta**2)
    C = torch.eye(dim, dtype=torch.float64) * noise
    for n in range(sweeps):
        for i in range(1 if n == 0 else 0, dim):
            row = -pull * (C.sum(0) - C[i])
            own = -pull * (row.sum() - row[i]) + noise
            C[i], C[:, i] = row, row
            C[i, i] = own
    return slope_of(theta, x, dim, given), slope_of(theta, x, dim, dim * noise), slope_of(theta, x, dim, C.sum())


# %% wrong began_at_the_prior: the chain starts from N(0, 1) latents at the posterior's mean instead of from q; right for no theta but 0, or d = 1 after a sweep
def fan_slopes(theta, x, dim, sweeps):
    v, given = posterior(theta, dim)
    after = covariance_after(theta, dim, sweeps, torch.eye(dim, dtype=torch.float64)).sum()
    return slope_of(theta, x, dim, given), slope_of(theta, x, dim, dim / (1 + theta**2)), slope_of(theta, x, dim, after)


# %% wrong deviation_for_variance: the conditional's noise is added as 1 / sqrt(1 + theta^2), a standard deviation, where a variance is due
def fan_slopes(theta, x, dim, sweeps):
    v, given = posterior(theta, dim)
    pull, noise = theta**2 / (1 + theta**2), 1 / (1 + theta**2)
    C = torch.eye(dim, dtype=torch.float64) * noise
    for _ in range(sweeps):
        for i in range(dim):
            row = -pull * (C.sum(0) - C[i])
            own = -pull * (row.sum() - row[i]) + noise**0.5
            C[i], C[:, i] = row, row
            C[i, i] = own
    return slope_of(theta, x, dim, given), slope_of(theta, x, dim, dim * noise), slope_of(theta, x, dim, C.sum())


# %% wrong few_rounds_of_ascent: q's means come from fifty rounds of coordinate ascent; for many latents or a large theta they are far from done by then
def fan_slopes(theta, x, dim, sweeps):
    v, given = posterior(theta, dim)
    s2 = 1 / (1 + theta**2)
    m = torch.zeros(dim, *x.shape, dtype=torch.float64)
    for _ in range(50):
        for i in range(dim):
            m[i] = theta * (x - theta * (m.sum(0) - m[i])) * s2
    mean = m.sum(0)
    elbo = x * mean - theta * (dim * s2 + mean**2)
    after = covariance_after(theta, dim, sweeps, torch.eye(dim, dtype=torch.float64) * s2).sum()
    return slope_of(theta, x, dim, given), elbo, slope_of(theta, x, dim, after)


# %% wrong sum_of_squares: the square of the sum is taken as the sum of the squares of the means plus variances; its cross terms are missing in the ELBO's slope (right for d = 1)
def fan_slopes(theta, x, dim, sweeps):
    v, given = posterior(theta, dim)
    m, s2 = theta * x / v, 1 / (1 + theta**2)
    elbo = x * dim * m - theta * dim * (s2 + m**2)
    after = covariance_after(theta, dim, sweeps, torch.eye(dim, dtype=torch.float64) * s2).sum()
    return slope_of(theta, x, dim, given), elbo, slope_of(theta, x, dim, after)


# %% wrong size_of_theta: works with |theta|, as only theta^2 matters for the evidence; the slope in theta changes its sign with theta's
def fan_slopes(theta, x, dim, sweeps):
    theta = abs(theta)
    v, given = posterior(theta, dim)
    s2 = 1 / (1 + theta**2)
    after = covariance_after(theta, dim, sweeps, torch.eye(dim, dtype=torch.float64) * s2).sum()
    return slope_of(theta, x, dim, given), slope_of(theta, x, dim, dim * s2), slope_of(theta, x, dim, after)


# %% wrong slope_in_the_log: differentiates in log theta and divides by theta + 1e-8 at the end, against zero; at theta = 0.01 six digits are left
def fan_slopes(theta, x, dim, sweeps):
    v, given = posterior(theta, dim)
    s2 = 1 / (1 + theta**2)
    after = covariance_after(theta, dim, sweeps, torch.eye(dim, dtype=torch.float64) * s2).sum()
    return tuple(theta * slope_of(theta, x, dim, part) / (theta + 1e-8) for part in (given, dim * s2, after))


# %% wrong difference_quotient: the exact slope as a central difference of the log evidence with a step of 1e-4 in theta; seven digits at most, four at theta = 10 or so
def fan_slopes(theta, x, dim, sweeps):
    def log_evidence(t):
        v = 1 + dim * t**2
        return -0.5 * np.log(v) - 0.5 * x**2 / v

    s2, h = 1 / (1 + theta**2), 1e-4
    after = covariance_after(theta, dim, sweeps, torch.eye(dim, dtype=torch.float64) * s2).sum()
    exact = (log_evidence(theta + h) - log_evidence(theta - h)) / (2 * h)
    return exact, slope_of(theta, x, dim, dim * s2), slope_of(theta, x, dim, after)


# %% wrong average_over_the_data: the slopes are averaged over the data and handed out to each; "for every datum" (right for one datum)
def fan_slopes(theta, x, dim, sweeps):
    v, given = posterior(theta, dim)
    s2 = 1 / (1 + theta**2)
    after = covariance_after(theta, dim, sweeps, torch.eye(dim, dtype=torch.float64) * s2).sum()
    return tuple(slope_of(theta, x, dim, part).mean().expand(x.shape) for part in (given, dim * s2, after))


# %% wrong chain_forgets_its_mean: every draw is taken round theta x / (1 + theta^2) without what the others explain, so the chain's mean is not the posterior's; right for d = 1
def fan_slopes(theta, x, dim, sweeps):
    v, given = posterior(theta, dim)
    s2 = 1 / (1 + theta**2)
    after = covariance_after(theta, dim, sweeps, torch.eye(dim, dtype=torch.float64) * s2).sum()
    mean = dim * theta * x / v if sweeps == 0 else dim * theta * x * s2
    return slope_of(theta, x, dim, given), slope_of(theta, x, dim, dim * s2), x * mean - theta * (after + mean**2)
