import pyro
import pyro.distributions as dist
import torch
from torch import Tensor

# %% wrong jitter: the posterior of mu comes from the joint covariance of all measurements, to which 1e-4 is added on the diagonal so that Cholesky is safe; with standard errors of 0.03 that is a tenth of the variance
def exact_guide(y: Tensor, sd: Tensor, tau: Tensor, m0: Tensor, s0: Tensor) -> None:
    covariance = torch.diag(sd**2 + tau**2 + 1e-4) + s0**2
    root = torch.linalg.cholesky(covariance)
    gain = s0**2 * torch.cholesky_solve(torch.ones(len(y), 1), root).squeeze(-1)
    mu = pyro.sample("mu", dist.Normal(m0 + gain @ (y - m0), (s0**2 * (1 - gain.sum())).clamp(min=1e-12).sqrt()))
    precision = tau**-2 + sd**-2
    with pyro.plate("schools", len(y)):
        pyro.sample("theta", dist.Normal((mu / tau**2 + y / sd**2) / precision, precision.rsqrt()))

# %% wrong grand_mean: mu is inferred from the plain average of the schools and the variance of that average; this is all there is to know only where the standard errors are equal
def exact_guide(y: Tensor, sd: Tensor, tau: Tensor, m0: Tensor, s0: Tensor) -> None:
    average, spread = y.mean(), (sd**2 + tau**2).sum() / len(y) ** 2
    precision = s0**-2 + 1 / spread
    mu = pyro.sample("mu", dist.Normal((m0 / s0**2 + average / spread) / precision, precision.rsqrt()))
    below = tau**-2 + sd**-2
    with pyro.plate("schools", len(y)):
        pyro.sample("theta", dist.Normal((mu / tau**2 + y / sd**2) / below, below.rsqrt()))

# %% wrong total_variance: the mean of theta follows the mu that was drawn, but its variance is the marginal one, with the uncertainty of mu added by the law of total variance: counted twice
def exact_guide(y: Tensor, sd: Tensor, tau: Tensor, m0: Tensor, s0: Tensor) -> None:
    v = sd**2 + tau**2
    precision = s0**-2 + (1 / v).sum()
    mu = pyro.sample("mu", dist.Normal((m0 / s0**2 + (y / v).sum()) / precision, precision.rsqrt()))
    below = tau**-2 + sd**-2
    share = tau**-2 / below
    with pyro.plate("schools", len(y)):
        pyro.sample("theta", dist.Normal(share * mu + (1 - share) * y, (1 / below + share**2 / precision).sqrt()))
