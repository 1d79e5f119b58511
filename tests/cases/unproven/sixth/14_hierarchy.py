import torch
import math
import pyro
import pyro.distributions as dist

# %% right plain: named families, product and sum over the last axis
def hierarchy(x, groups, count, y=None):
    mu = pyro.sample("mu", dist.Normal(0.0, 5.0))
    tau = pyro.sample("tau", dist.HalfCauchy(3.0))
    s = pyro.sample("s", dist.Gamma(2.5, 0.5))
    w = pyro.sample("w", dist.Laplace(torch.zeros(x.shape[1]), 0.7).to_event(1))
    with pyro.plate("groups", count):
        b = pyro.sample("b", dist.Normal(mu, tau))
    with pyro.plate("rows", len(x)):
        loc = b[..., groups] + (x * w).sum(-1)
        pyro.sample("y", dist.StudentT(4.0, loc, s.rsqrt()), obs=y)

# %% right onehot: matrix of group memberships, matmul of w, Chi2(5) for Gamma(5/2, 1/2)
def hierarchy(x, groups, count, y=None):
    n, p = x.shape
    member = torch.nn.functional.one_hot(groups, count).to(x.dtype)
    w = pyro.sample("w", dist.Laplace(0.0, 0.7).expand([p]).to_event(1))
    s = pyro.sample("s", dist.Chi2(torch.tensor(5.0)))
    tau = pyro.sample("tau", dist.HalfCauchy(torch.tensor(3.0)))
    mu = pyro.sample("mu", dist.Normal(torch.tensor(0.0), torch.tensor(5.0)))
    rows = pyro.plate("data", n, dim=-1)
    with pyro.plate("effects", count, dim=-1):
        b = pyro.sample("b", dist.Normal(mu, tau))
    slope = w @ x.T
    if slope.dim() > 1:
        slope = slope.squeeze(-2)
    with rows:
        pyro.sample("y", dist.StudentT(df=4.0, loc=b @ member.T + slope, scale=1 / s.sqrt()), obs=y)

# %% right loops: index_select for groups, a loop over covariates, condition instead of obs when y is there
def hierarchy(x, groups, count, y=None):
    mu = pyro.sample("mu", dist.Normal(x.new_zeros(()), x.new_full((), 5.0)))
    s = pyro.sample("s", dist.Gamma(concentration=x.new_tensor(2.5), rate=x.new_tensor(0.5)))
    tau = pyro.sample("tau", dist.HalfCauchy(scale=x.new_tensor(3.0)))
    with pyro.plate("J", count):
        b = pyro.sample("b", dist.Normal(mu, tau))
    w = pyro.sample("w", dist.Independent(dist.Laplace(x.new_zeros(x.shape[-1]), x.new_full((x.shape[-1],), 0.7)), 1))
    eta = torch.index_select(b, -1, groups)
    for p in range(x.shape[-1]):
        eta = eta + w[..., p] * x[:, p]
    with pyro.plate("N", x.shape[0]):
        if y is None:
            pyro.sample("y", dist.StudentT(4.0, eta, torch.exp(-0.5 * torch.log(s))))
        else:
            pyro.sample("y", dist.StudentT(4.0, eta, torch.exp(-0.5 * torch.log(s))), obs=y)

# %% wrong s_is_sd: s enters as the standard deviation of the noise, it is a precision (s r^2); the two agree at s = 1
def hierarchy(x, groups, count, y=None):
    mu = pyro.sample("mu", dist.Normal(0.0, 5.0))
    tau = pyro.sample("tau", dist.HalfCauchy(3.0))
    s = pyro.sample("s", dist.Gamma(2.5, 0.5))
    w = pyro.sample("w", dist.Laplace(torch.zeros(x.shape[1]), 0.7).to_event(1))
    with pyro.plate("groups", count):
        b = pyro.sample("b", dist.Normal(mu, tau))
    with pyro.plate("rows", len(x)):
        loc = b[..., groups] + (x * w).sum(-1)
        pyro.sample("y", dist.StudentT(4.0, loc, s), obs=y)

# %% wrong s_is_inverse: scale 1/s: precision taken as the inverse of the sd instead of the variance; agrees at s = 1
def hierarchy(x, groups, count, y=None):
    mu = pyro.sample("mu", dist.Normal(0.0, 5.0))
    tau = pyro.sample("tau", dist.HalfCauchy(3.0))
    s = pyro.sample("s", dist.Gamma(2.5, 0.5))
    w = pyro.sample("w", dist.Laplace(torch.zeros(x.shape[1]), 0.7).to_event(1))
    with pyro.plate("groups", count):
        b = pyro.sample("b", dist.Normal(mu, tau))
    with pyro.plate("rows", len(x)):
        loc = b[..., groups] + (x * w).sum(-1)
        pyro.sample("y", dist.StudentT(4.0, loc, 1 / s), obs=y)

# %% wrong gamma_scale: Gamma(2.5, 2.0): the textbook's scale instead of Pyro's rate
def hierarchy(x, groups, count, y=None):
    mu = pyro.sample("mu", dist.Normal(0.0, 5.0))
    tau = pyro.sample("tau", dist.HalfCauchy(3.0))
    s = pyro.sample("s", dist.Gamma(2.5, 2.0))
    w = pyro.sample("w", dist.Laplace(torch.zeros(x.shape[1]), 0.7).to_event(1))
    with pyro.plate("groups", count):
        b = pyro.sample("b", dist.Normal(mu, tau))
    with pyro.plate("rows", len(x)):
        loc = b[..., groups] + (x * w).sum(-1)
        pyro.sample("y", dist.StudentT(4.0, loc, s.rsqrt()), obs=y)

# %% wrong cauchy_whole: Cauchy on the whole line for tau: log 2 is missing, and a prior draw may be a negative scale
def hierarchy(x, groups, count, y=None):
    mu = pyro.sample("mu", dist.Normal(0.0, 5.0))
    tau = pyro.sample("tau", dist.Cauchy(0.0, 3.0))
    s = pyro.sample("s", dist.Gamma(2.5, 0.5))
    w = pyro.sample("w", dist.Laplace(torch.zeros(x.shape[1]), 0.7).to_event(1))
    with pyro.plate("groups", count):
        b = pyro.sample("b", dist.Normal(mu, tau))
    with pyro.plate("rows", len(x)):
        loc = b[..., groups] + (x * w).sum(-1)
        pyro.sample("y", dist.StudentT(4.0, loc, s.rsqrt()), obs=y)

# %% wrong max_group: number of groups from the rows, the argument count ignored: too few effects if the last group has no row
def hierarchy(x, groups, count, y=None):
    mu = pyro.sample("mu", dist.Normal(0.0, 5.0))
    tau = pyro.sample("tau", dist.HalfCauchy(3.0))
    s = pyro.sample("s", dist.Gamma(2.5, 0.5))
    w = pyro.sample("w", dist.Laplace(torch.zeros(x.shape[1]), 0.7).to_event(1))
    with pyro.plate("groups", int(groups.max()) + 1):
        b = pyro.sample("b", dist.Normal(mu, tau))
    with pyro.plate("rows", len(x)):
        loc = b[..., groups] + (x * w).sum(-1)
        pyro.sample("y", dist.StudentT(4.0, loc, s.rsqrt()), obs=y)

# %% wrong matmul: x @ w is right for one particle and fails or is wrong for w of shape (K, 1, P)
def hierarchy(x, groups, count, y=None):
    mu = pyro.sample("mu", dist.Normal(0.0, 5.0))
    tau = pyro.sample("tau", dist.HalfCauchy(3.0))
    s = pyro.sample("s", dist.Gamma(2.5, 0.5))
    w = pyro.sample("w", dist.Laplace(torch.zeros(x.shape[1]), 0.7).to_event(1))
    with pyro.plate("groups", count):
        b = pyro.sample("b", dist.Normal(mu, tau))
    with pyro.plate("rows", len(x)):
        loc = b[..., groups] + x @ w
        pyro.sample("y", dist.StudentT(4.0, loc, s.rsqrt()), obs=y)

# %% wrong left_index: b[groups] picks along the left axis: right for one particle, picks particles with several
def hierarchy(x, groups, count, y=None):
    mu = pyro.sample("mu", dist.Normal(0.0, 5.0))
    tau = pyro.sample("tau", dist.HalfCauchy(3.0))
    s = pyro.sample("s", dist.Gamma(2.5, 0.5))
    w = pyro.sample("w", dist.Laplace(torch.zeros(x.shape[1]), 0.7).to_event(1))
    with pyro.plate("groups", count):
        b = pyro.sample("b", dist.Normal(mu, tau))
    with pyro.plate("rows", len(x)):
        loc = b[groups] + (x * w).sum(-1)
        pyro.sample("y", dist.StudentT(4.0, loc, s.rsqrt()), obs=y)

# %% wrong w_no_event: w in a plate of covariates instead of one event: its log-density has P entries, not one
def hierarchy(x, groups, count, y=None):
    mu = pyro.sample("mu", dist.Normal(0.0, 5.0))
    tau = pyro.sample("tau", dist.HalfCauchy(3.0))
    s = pyro.sample("s", dist.Gamma(2.5, 0.5))
    with pyro.plate("covariates", x.shape[1]):
        w = pyro.sample("w", dist.Laplace(0.0, 0.7))
    with pyro.plate("groups", count):
        b = pyro.sample("b", dist.Normal(mu, tau))
    with pyro.plate("rows", len(x)):
        loc = b[..., groups] + (x * w).sum(-1)
        pyro.sample("y", dist.StudentT(4.0, loc, s.rsqrt()), obs=y)

# %% wrong y_event: all rows as one event without a plate: the log-density of y is one number instead of N entries
def hierarchy(x, groups, count, y=None):
    mu = pyro.sample("mu", dist.Normal(0.0, 5.0))
    tau = pyro.sample("tau", dist.HalfCauchy(3.0))
    s = pyro.sample("s", dist.Gamma(2.5, 0.5))
    w = pyro.sample("w", dist.Laplace(torch.zeros(x.shape[1]), 0.7).to_event(1))
    with pyro.plate("groups", count):
        b = pyro.sample("b", dist.Normal(mu, tau))
    loc = b[..., groups] + (x * w).sum(-1)
    pyro.sample("y", dist.StudentT(4.0, loc, s.rsqrt().expand(loc.shape)).to_event(1), obs=y)

# %% wrong no_prior_rows: without y nothing is drawn for the rows: the site y is missing in the prior predictive
def hierarchy(x, groups, count, y=None):
    mu = pyro.sample("mu", dist.Normal(0.0, 5.0))
    tau = pyro.sample("tau", dist.HalfCauchy(3.0))
    s = pyro.sample("s", dist.Gamma(2.5, 0.5))
    w = pyro.sample("w", dist.Laplace(torch.zeros(x.shape[1]), 0.7).to_event(1))
    with pyro.plate("groups", count):
        b = pyro.sample("b", dist.Normal(mu, tau))
    with pyro.plate("rows", len(x)):
        loc = b[..., groups] + (x * w).sum(-1)
        if y is not None:
            pyro.sample("y", dist.StudentT(4.0, loc, s.rsqrt()), obs=y)

# %% wrong squeeze_w: w.squeeze() to get rid of the particle's axis: (K, P) against (N, P), a mix of rows and particles (or an error) with particles
def hierarchy(x, groups, count, y=None):
    mu = pyro.sample("mu", dist.Normal(0.0, 5.0))
    tau = pyro.sample("tau", dist.HalfCauchy(3.0))
    s = pyro.sample("s", dist.Gamma(2.5, 0.5))
    w = pyro.sample("w", dist.Laplace(torch.zeros(x.shape[1]), 0.7).to_event(1))
    with pyro.plate("groups", count):
        b = pyro.sample("b", dist.Normal(mu, tau))
    with pyro.plate("rows", len(x)):
        loc = b[..., groups] + (x * w.squeeze()).sum(-1)
        pyro.sample("y", dist.StudentT(4.0, loc, s.rsqrt()), obs=y)
