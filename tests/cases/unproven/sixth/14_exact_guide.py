import torch
import math
import pyro
import pyro.distributions as dist

# %% right precisions: precisions add up on both floors
def exact_guide(y, sd, tau, m0, s0):
    v = sd**2 + tau**2
    precision = 1 / s0**2 + (1 / v).sum()
    center = (m0 / s0**2 + (y / v).sum()) / precision
    mu = pyro.sample("mu", dist.Normal(center, precision.rsqrt()))
    with pyro.plate("schools", len(y)):
        each = 1 / tau**2 + 1 / sd**2
        mean = (mu / tau**2 + y / sd**2) / each
        pyro.sample("theta", dist.Normal(mean, each.rsqrt()))

# %% right one_by_one: mu by a scalar Kalman update per school, theta by a gain
def exact_guide(y, sd, tau, m0, s0):
    m, prior = m0, s0**2
    for j in range(len(y)):
        noise = sd[j] ** 2 + tau**2
        gain = prior / (prior + noise)
        m = m + gain * (y[j] - m)
        prior = prior * noise / (prior + noise)
    mu = pyro.sample("mu", dist.Normal(m, prior.sqrt()))
    gain = tau**2 / (tau**2 + sd**2)
    with pyro.plate("schools", y.shape[0], dim=-1):
        pyro.sample("theta", dist.Normal(mu + gain * (y - mu), sd * gain.sqrt()))

# %% right linear_algebra: mu and its variance from a weighted least squares problem with the prior as one more row; theta with hypot
def exact_guide(y, sd, tau, m0, s0):
    scale = torch.cat([s0.reshape(1), torch.hypot(sd, tau.expand_as(sd))])
    target = torch.cat([m0.reshape(1), y])
    column = (1 / scale).unsqueeze(-1)
    length = torch.linalg.vector_norm(column)
    center = torch.linalg.lstsq(column, (target / scale).unsqueeze(-1)).solution.squeeze()
    mu = pyro.sample("mu", dist.Normal(center, 1 / length))
    total = torch.hypot(sd, tau.expand_as(sd))
    with pyro.plate("schools", len(y)):
        pyro.sample("theta", dist.Normal(mu * (sd / total) ** 2 + y * (tau / total) ** 2, sd * tau / total))

# %% wrong too_sure: mu given y as if y_j were theta_j + noise with theta = mu: tau is missing in the variance of y_j
def exact_guide(y, sd, tau, m0, s0):
    v = sd**2
    precision = 1 / s0**2 + (1 / v).sum()
    center = (m0 / s0**2 + (y / v).sum()) / precision
    mu = pyro.sample("mu", dist.Normal(center, precision.rsqrt()))
    with pyro.plate("schools", len(y)):
        each = 1 / tau**2 + 1 / sd**2
        mean = (mu / tau**2 + y / sd**2) / each
        pyro.sample("theta", dist.Normal(mean, each.rsqrt()))

# %% wrong prior_at_zero: the prior's mean m0 forgotten in the average: right if m0 = 0, as in the notebook's figure
def exact_guide(y, sd, tau, m0, s0):
    v = sd**2 + tau**2
    precision = 1 / s0**2 + (1 / v).sum()
    center = ((y / v).sum()) / precision
    mu = pyro.sample("mu", dist.Normal(center, precision.rsqrt()))
    with pyro.plate("schools", len(y)):
        each = 1 / tau**2 + 1 / sd**2
        mean = (mu / tau**2 + y / sd**2) / each
        pyro.sample("theta", dist.Normal(mean, each.rsqrt()))

# %% wrong around_mean: theta around the posterior mean of mu, not around the draw: the figure's 'independent' guide, weights vary
def exact_guide(y, sd, tau, m0, s0):
    v = sd**2 + tau**2
    precision = 1 / s0**2 + (1 / v).sum()
    center = (m0 / s0**2 + (y / v).sum()) / precision
    mu = pyro.sample("mu", dist.Normal(center, precision.rsqrt()))
    with pyro.plate("schools", len(y)):
        each = 1 / tau**2 + 1 / sd**2
        mean = (center / tau**2 + y / sd**2) / each
        pyro.sample("theta", dist.Normal(mean, each.rsqrt()))

# %% wrong marginal_width: theta given mu with the marginal width of theta given y: the uncertainty of mu is counted twice
def exact_guide(y, sd, tau, m0, s0):
    v = sd**2 + tau**2
    precision = 1 / s0**2 + (1 / v).sum()
    center = (m0 / s0**2 + (y / v).sum()) / precision
    mu = pyro.sample("mu", dist.Normal(center, precision.rsqrt()))
    with pyro.plate("schools", len(y)):
        each = 1 / tau**2 + 1 / sd**2
        mean = (mu / tau**2 + y / sd**2) / each
        pyro.sample("theta", dist.Normal(mean, (1 / each + (1 / (tau**2 * each))**2 / precision).sqrt()))

# %% wrong swapped_shrink: shrinkage the wrong way round, weights of mu and y swapped; right if sd = tau
def exact_guide(y, sd, tau, m0, s0):
    v = sd**2 + tau**2
    precision = 1 / s0**2 + (1 / v).sum()
    center = (m0 / s0**2 + (y / v).sum()) / precision
    mu = pyro.sample("mu", dist.Normal(center, precision.rsqrt()))
    with pyro.plate("schools", len(y)):
        each = 1 / tau**2 + 1 / sd**2
        mean = (mu / sd**2 + y / tau**2) / each
        pyro.sample("theta", dist.Normal(mean, each.rsqrt()))

# %% wrong sum_of_sds: distance of y from mu as sd + tau, standard deviations added instead of variances
def exact_guide(y, sd, tau, m0, s0):
    v = (sd + tau)**2
    precision = 1 / s0**2 + (1 / v).sum()
    center = (m0 / s0**2 + (y / v).sum()) / precision
    mu = pyro.sample("mu", dist.Normal(center, precision.rsqrt()))
    with pyro.plate("schools", len(y)):
        each = 1 / tau**2 + 1 / sd**2
        mean = (mu / tau**2 + y / sd**2) / each
        pyro.sample("theta", dist.Normal(mean, each.rsqrt()))

# %% wrong flat_average: plain mean of y with J over the mean variance: right if all schools have the same standard error
def exact_guide(y, sd, tau, m0, s0):
    v = (sd**2 + tau**2).mean().expand_as(sd)
    precision = 1 / s0**2 + (1 / v).sum()
    center = (m0 / s0**2 + (y / v).sum()) / precision
    mu = pyro.sample("mu", dist.Normal(center, precision.rsqrt()))
    with pyro.plate("schools", len(y)):
        each = 1 / tau**2 + 1 / sd**2
        mean = (mu / tau**2 + y / sd**2) / each
        pyro.sample("theta", dist.Normal(mean, each.rsqrt()))

# %% wrong single: float32 detour in the precisions: six digits of a log-density at most, seven are looked at; worse far out
def exact_guide(y, sd, tau, m0, s0):
    y, sd, tau, m0, s0 = (t.float() for t in (y, sd, tau, m0, s0))
    v = sd**2 + tau**2
    precision = 1 / s0**2 + (1 / v).sum()
    center = (m0 / s0**2 + (y / v).sum()) / precision
    mu = pyro.sample("mu", dist.Normal(center, precision.rsqrt()))
    with pyro.plate("schools", len(y)):
        each = 1 / tau**2 + 1 / sd**2
        mean = (mu / tau**2 + y / sd**2) / each
        pyro.sample("theta", dist.Normal(mean, each.rsqrt()))

# %% wrong epsilon: 1e-6 in the denominators 'for stability': scales of 0.03 have variances of 0.0009, a mistake in the third digit
def exact_guide(y, sd, tau, m0, s0):
    v = sd**2 + tau**2
    precision = 1 / s0**2 + (1 / v).sum()
    center = (m0 / s0**2 + (y / v).sum()) / precision
    mu = pyro.sample("mu", dist.Normal(center, precision.rsqrt()))
    with pyro.plate("schools", len(y)):
        each = 1 / (tau**2 + 1e-6) + 1 / (sd**2 + 1e-6)
        mean = (mu / tau**2 + y / sd**2) / each
        pyro.sample("theta", dist.Normal(mean, each.rsqrt()))

# %% wrong fixed_seed: seeds the global stream to be reproducible: each run of the guide gives the same draw, it does not sample
def exact_guide(y, sd, tau, m0, s0):
    torch.manual_seed(0)
    v = sd**2 + tau**2
    precision = 1 / s0**2 + (1 / v).sum()
    center = (m0 / s0**2 + (y / v).sum()) / precision
    mu = pyro.sample("mu", dist.Normal(center, precision.rsqrt()))
    with pyro.plate("schools", len(y)):
        each = 1 / tau**2 + 1 / sd**2
        mean = (mu / tau**2 + y / sd**2) / each
        pyro.sample("theta", dist.Normal(mean, each.rsqrt()))

# %% wrong event: theta as one event without the plate schools: its log-density has no axis of schools
def exact_guide(y, sd, tau, m0, s0):
    v = sd**2 + tau**2
    precision = 1 / s0**2 + (1 / v).sum()
    center = (m0 / s0**2 + (y / v).sum()) / precision
    mu = pyro.sample("mu", dist.Normal(center, precision.rsqrt()))
    each = 1 / tau**2 + 1 / sd**2
    mean = (mu / tau**2 + y / sd**2) / each
    pyro.sample("theta", dist.Normal(mean, each.rsqrt()).to_event(1))
