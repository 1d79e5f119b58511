import pyro
import pyro.distributions as dist
import torch
from torch import Tensor

# %% wrong groups_that_have_rows: the plate of the effects has as many groups as the rows name, groups.max() + 1, and count is ignored; a last group without a row has no effect
def hierarchy(x: Tensor, groups: Tensor, count: int, y: Tensor | None = None) -> None:
    found = int(groups.max()) + 1
    mu = pyro.sample("mu", dist.Normal(0.0, 5.0))
    tau = pyro.sample("tau", dist.HalfCauchy(3.0))
    s = pyro.sample("s", dist.Gamma(2.5, 0.5))
    w = pyro.sample("w", dist.Laplace(0.0, 0.7).expand([x.shape[1]]).to_event(1))
    with pyro.plate("groups", found):
        b = pyro.sample("b", dist.Normal(mu, tau))
    with pyro.plate("rows", len(x)):
        loc = b[..., groups] + (x * w).sum(-1)
        pyro.sample("y", dist.StudentT(4.0, loc, s.rsqrt()), obs=y)

# %% wrong first_particle: the effects are brought to shape (J) before the groups pick from them, so that with many particles all use the effects of the first one
def hierarchy(x: Tensor, groups: Tensor, count: int, y: Tensor | None = None) -> None:
    mu = pyro.sample("mu", dist.Normal(0.0, 5.0))
    tau = pyro.sample("tau", dist.HalfCauchy(3.0))
    s = pyro.sample("s", dist.Gamma(2.5, 0.5))
    w = pyro.sample("w", dist.Laplace(0.0, 0.7).expand([x.shape[1]]).to_event(1))
    with pyro.plate("groups", count):
        b = pyro.sample("b", dist.Normal(mu, tau))
    effect = b.reshape(-1, count)[0][groups]
    with pyro.plate("rows", len(x)):
        pyro.sample("y", dist.StudentT(4.0, effect + (x * w).sum(-1), s.rsqrt()), obs=y)

# %% wrong drawn_normal: where y is not given the rows are simulated with normal noise of precision s; Student's t is used for scoring data only, as if robustness were a matter of the fit
def hierarchy(x: Tensor, groups: Tensor, count: int, y: Tensor | None = None) -> None:
    mu = pyro.sample("mu", dist.Normal(0.0, 5.0))
    tau = pyro.sample("tau", dist.HalfCauchy(3.0))
    s = pyro.sample("s", dist.Gamma(2.5, 0.5))
    w = pyro.sample("w", dist.Laplace(0.0, 0.7).expand([x.shape[1]]).to_event(1))
    with pyro.plate("groups", count):
        b = pyro.sample("b", dist.Normal(mu, tau))
    with pyro.plate("rows", len(x)):
        loc = b[..., groups] + (x * w).sum(-1)
        if y is None:
            pyro.sample("y", dist.Normal(loc, s.rsqrt()))
        else:
            pyro.sample("y", dist.StudentT(4.0, loc, s.rsqrt()), obs=y)
