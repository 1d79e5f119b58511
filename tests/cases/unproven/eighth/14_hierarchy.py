import pyro
import pyro.distributions as dist
import torch
import torch.nn.functional as F
from torch import Tensor

# %% right plates_as_decorators: plates wrapped around functions instead of with-blocks; groups as one-hot rows, both products of vectors by vecdot
def hierarchy(x: Tensor, groups: Tensor, count: int, y: Tensor | None = None) -> None:
    rows, covariates = x.shape
    mu = pyro.sample("mu", dist.Normal(0.0, 5.0))
    tau = pyro.sample("tau", dist.HalfCauchy(3.0))
    s = pyro.sample("s", dist.Gamma(2.5, 0.5))
    w = pyro.sample("w", dist.Laplace(x.new_zeros(covariates), 0.7).to_event(1))
    b = pyro.plate("effects", count)(pyro.sample)("b", dist.Normal(mu, tau))
    member = F.one_hot(groups, count).to(x.dtype)
    level = torch.linalg.vecdot(member, b.unsqueeze(-2)) + torch.linalg.vecdot(x, w)
    pyro.plate("rows", rows)(pyro.sample)("y", dist.StudentT(4.0, level, s.rsqrt()), obs=y)


# %% wrong groups_renamed: numbers the groups that occur, as unique does, and picks effects by these numbers; right as long as no group is empty
def hierarchy(x: Tensor, groups: Tensor, count: int, y: Tensor | None = None) -> None:
    _, place = torch.unique(groups, return_inverse=True)
    mu = pyro.sample("mu", dist.Normal(0.0, 5.0))
    tau = pyro.sample("tau", dist.HalfCauchy(3.0))
    s = pyro.sample("s", dist.Gamma(2.5, 0.5))
    w = pyro.sample("w", dist.Laplace(torch.zeros(x.shape[1], dtype=x.dtype), 0.7).to_event(1))
    with pyro.plate("effects", count):
        b = pyro.sample("b", dist.Normal(mu, tau))
    with pyro.plate("rows", len(x)):
        pyro.sample("y", dist.StudentT(4.0, b[..., place] + (x * w).sum(-1), s.rsqrt()), obs=y)


# %% wrong weights_of_the_first_particle: a matrix product wants a vector, so the student flattens w to rows and takes the first; with one particle there is no other
def hierarchy(x: Tensor, groups: Tensor, count: int, y: Tensor | None = None) -> None:
    mu = pyro.sample("mu", dist.Normal(0.0, 5.0))
    tau = pyro.sample("tau", dist.HalfCauchy(3.0))
    s = pyro.sample("s", dist.Gamma(2.5, 0.5))
    w = pyro.sample("w", dist.Laplace(torch.zeros(x.shape[1], dtype=x.dtype), 0.7).to_event(1))
    with pyro.plate("effects", count):
        b = pyro.sample("b", dist.Normal(mu, tau))
    with pyro.plate("rows", len(x)):
        pyro.sample("y", dist.StudentT(4.0, b[..., groups] + x @ w.reshape(-1, x.shape[1])[0], s.rsqrt()), obs=y)


# %% wrong effects_as_one_event: draws all effects at a stroke as an event of size J, outside of a plate; the log joint is right, and the site has one log-density where J are asked
def hierarchy(x: Tensor, groups: Tensor, count: int, y: Tensor | None = None) -> None:
    mu = pyro.sample("mu", dist.Normal(0.0, 5.0))
    tau = pyro.sample("tau", dist.HalfCauchy(3.0))
    s = pyro.sample("s", dist.Gamma(2.5, 0.5))
    w = pyro.sample("w", dist.Laplace(torch.zeros(x.shape[1], dtype=x.dtype), 0.7).to_event(1))
    each = torch.ones(count, dtype=x.dtype)
    b = pyro.sample("b", dist.Normal(mu.unsqueeze(-1) * each, tau.unsqueeze(-1) * each).to_event(1))
    with pyro.plate("rows", len(x)):
        pyro.sample("y", dist.StudentT(4.0, b[..., groups] + (x * w).sum(-1), s.rsqrt()), obs=y)


# %% wrong five_degrees: reads the exponent 2.5 as half the degrees of freedom, and adapts the scale so that the square is over four; tails and constant are off
def hierarchy(x: Tensor, groups: Tensor, count: int, y: Tensor | None = None) -> None:
    mu = pyro.sample("mu", dist.Normal(0.0, 5.0))
    tau = pyro.sample("tau", dist.HalfCauchy(3.0))
    s = pyro.sample("s", dist.Gamma(2.5, 0.5))
    w = pyro.sample("w", dist.Laplace(torch.zeros(x.shape[1], dtype=x.dtype), 0.7).to_event(1))
    with pyro.plate("effects", count):
        b = pyro.sample("b", dist.Normal(mu, tau))
    with pyro.plate("rows", len(x)):
        pyro.sample("y", dist.StudentT(5.0, b[..., groups] + (x * w).sum(-1), (0.8 / s).sqrt()), obs=y)
