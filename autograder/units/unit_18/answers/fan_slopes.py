# %% right matrices: The covariance before and after sweeps, by matrices.
import torch


def fan_slopes(theta, x, dim, sweeps):
    precision = torch.eye(dim, dtype=torch.float64) + theta**2
    posterior = torch.linalg.inv(precision)
    u = 1 + dim * theta**2
    mean = dim * theta * x / u
    q = torch.diag(1 / precision.diagonal())
    lower = torch.tril(precision)
    A = -torch.linalg.solve(lower, precision - lower)
    off = q - posterior
    for _ in range(sweeps):
        off = A @ off @ A.T
    slopes = []
    for covariance in (posterior, q, posterior + off):
        second = mean**2 + covariance.sum()
        slopes.append(mean * x - theta * second)
    return tuple(slopes)


# %% right moments: Means and second moments of all latents, update by update, in plain NumPy.
import numpy as np


def fan_slopes(theta, x, dim, sweeps):
    x = np.asarray(x, dtype=float)
    a, u = 1 + theta**2, 1 + dim * theta**2
    exact = dim * theta * (x**2 / u**2 - 1 / u)
    V = np.eye(dim) / a
    bound = exact - theta * dim * (1 / a - 1 / u)
    for _ in range(sweeps):
        for i in range(dim):
            row = np.full(dim, -(theta**2) / a)
            row[i] = 0.0
            carried = V @ row
            own = row @ carried + 1 / a
            V[i, :] = carried
            V[:, i] = carried
            V[i, i] = own
    s = dim * theta * x / u
    return exact, bound, s * x - theta * (s**2 + V.sum())


# %% right derivatives: The exact slope by autograd through log N(x; 0, u); the others as bias on top, datum by datum.
import torch


def fan_slopes(theta, x, dim, sweeps):
    t = torch.tensor(float(theta), dtype=torch.float64, requires_grad=True)
    rows = []
    for value in x.reshape(-1):
        u = 1 + dim * t * t
        (slope,) = torch.autograd.grad(-0.5 * torch.log(u) - value**2 / (2 * u), t)
        rows.append(slope)
    exact = torch.stack(rows).reshape(x.shape)
    a = 1 + theta**2
    u = 1 + dim * theta**2
    one = torch.ones(dim, dtype=torch.float64)
    begun = torch.eye(dim, dtype=torch.float64) / a - (torch.eye(dim, dtype=torch.float64) - theta**2 / u)
    carry = torch.eye(dim, dtype=torch.float64)
    for _ in range(sweeps):
        for i in range(dim):
            update = torch.eye(dim, dtype=torch.float64)
            update[i] = -(theta**2) / a
            update[i, i] = 0.0
            carry = update @ carry
    after = one @ carry @ begun @ carry.T @ one
    return exact, exact - theta * begun.sum(), exact - theta * after


# %% wrong marginal_q, from right matrices: q has the posterior's marginal variances.
# diagnosis: marginal_variances
#-     q = torch.diag(1 / precision.diagonal())
#+     q = torch.diag(posterior.diagonal())


# %% wrong prior_q, from right matrices: q has the prior's variances.
# diagnosis: prior_variances
#-     q = torch.diag(1 / precision.diagonal())
#+     q = torch.eye(dim, dtype=torch.float64)


# %% wrong no_spread, from right matrices: q is a point.
# diagnosis: point
#-     q = torch.diag(1 / precision.diagonal())
#+     q = 0 * precision


# %% wrong bias_added, from right derivatives: The bias with the other sign.
# diagnosis: sign_of_the_bias
#-     return exact, exact - theta * begun.sum(), exact - theta * after
#+     return exact, exact + theta * begun.sum(), exact - theta * after


# %% wrong one_variance, from right matrices: The variance of one latent for that of the sum.
# diagnosis: one_of_the_sum
#-         second = mean**2 + covariance.sum()
#+         second = mean**2 + covariance.sum() / (1 if covariance is not q else dim)


# %% wrong at_once, from right moments: All latents of a sweep from the old others.
# diagnosis: all_at_once
#-         for i in range(dim):
#-             row = np.full(dim, -(theta**2) / a)
#-             row[i] = 0.0
#-             carried = V @ row
#-             own = row @ carried + 1 / a
#-             V[i, :] = carried
#-             V[:, i] = carried
#-             V[i, i] = own
#+         A = -(theta**2) / a * (np.ones((dim, dim)) - np.eye(dim))
#+         V = A @ V @ A.T + np.eye(dim) / a


# %% wrong single_updates, from right moments: One latent is updated in a sweep.
# diagnosis: updates_for_sweeps
#-     for _ in range(sweeps):
#-         for i in range(dim):
#+     for count in range(sweeps):
#+         for i in [count % dim]:


# %% wrong fewer, from right matrices: One sweep less.
# diagnosis: one_sweep_less
#-     for _ in range(sweeps):
#+     for _ in range(sweeps - 1):


# %% wrong more, from right matrices: One sweep more.
# diagnosis: one_sweep_more
#-     for _ in range(sweeps):
#+     for _ in range(sweeps + 1):


# %% wrong one_side, from right matrices: The covariance is carried as if it were a mean.
# diagnosis: fades_once
#-         off = A @ off @ A.T
#+         off = A @ off


# %% wrong slope_by_u, from right moments: The slope in u.
# diagnosis: slope_in_u
#-     exact = dim * theta * (x**2 / u**2 - 1 / u)
#+     exact = 0.5 * (x**2 / u**2 - 1 / u)


# %% wrong data_alone, from right moments: The term of the normalizer is forgotten.
# diagnosis: no_normalizer
#-     exact = dim * theta * (x**2 / u**2 - 1 / u)
#+     exact = dim * theta * x**2 / u**2


# %% wrong one_cause, from right moments: The evidence of a single latent.
# diagnosis: one_latent
#-     exact = dim * theta * (x**2 / u**2 - 1 / u)
#+     exact = theta * (x**2 / a**2 - 1 / a)


# %% wrong exact_for_all, from right matrices: As if q were the posterior.
# diagnosis: another_row
#-     for covariance in (posterior, q, posterior + off):
#+     for covariance in (posterior, posterior, posterior + off):


# %% wrong positive_theta, from right matrices: The size of theta, and not its sign.
# diagnosis: sign or value
#-     slopes = []
#+     slopes, theta = [], abs(theta)
