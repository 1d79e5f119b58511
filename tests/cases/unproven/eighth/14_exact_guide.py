import pyro
import pyro.distributions as dist
import torch
from torch import Tensor

# %% right school_by_school_filter: mu is filtered, one school after the other with a Kalman gain; theta lies a gain's part of the way from the drawn mu to its measurement
def exact_guide(y: Tensor, sd: Tensor, tau: Tensor, m0: Tensor, s0: Tensor) -> None:
    mean, variance = m0, s0**2
    for seen, noise in zip(y, sd, strict=True):
        gain = variance / (variance + tau**2 + noise**2)
        mean, variance = mean + gain * (seen - mean), gain * (tau**2 + noise**2)
    mu = pyro.sample("mu", dist.Normal(mean, variance**0.5))
    part = tau**2 / (tau**2 + sd**2)
    with pyro.plate("schools", len(y)):
        pyro.sample("theta", dist.Normal(torch.lerp(mu.expand(torch.broadcast_shapes(mu.shape, y.shape)), y, part), sd * part.sqrt()))


# %% wrong average_error: mu's precision is made with the mean of the squared standard errors, J times the same, and the plain mean of y; right if all schools are equally exact
def exact_guide(y: Tensor, sd: Tensor, tau: Tensor, m0: Tensor, s0: Tensor) -> None:
    news = len(y) / (tau**2 + sd.square().mean())
    precision = 1 / s0**2 + news
    mu = pyro.sample("mu", dist.Normal((m0 / s0**2 + news * y.mean()) / precision, precision**-0.5))
    with pyro.plate("schools", len(y)):
        both = 1 / tau**2 + 1 / sd**2
        pyro.sample("theta", dist.Normal((mu / tau**2 + y / sd**2) / both, both.rsqrt()))


# %% wrong doubt_counted_twice: theta is drawn around the drawn mu, with its marginal variance, in which mu's doubt is contained already
def exact_guide(y: Tensor, sd: Tensor, tau: Tensor, m0: Tensor, s0: Tensor) -> None:
    news = 1 / (tau**2 + sd**2)
    precision = 1 / s0**2 + news.sum()
    mu = pyro.sample("mu", dist.Normal((m0 / s0**2 + (news * y).sum()) / precision, precision**-0.5))
    part = tau**2 * news
    with pyro.plate("schools", len(y)):
        variance = part * sd**2 + (1 - part).square() / precision
        pyro.sample("theta", dist.Normal(mu + part * (y - mu), variance.sqrt()))


# %% wrong weights_by_deviation: averages mu and y with one over the standard deviations, where precisions weigh; right where both are equally exact
def exact_guide(y: Tensor, sd: Tensor, tau: Tensor, m0: Tensor, s0: Tensor) -> None:
    news = 1 / (tau**2 + sd**2)
    precision = 1 / s0**2 + news.sum()
    mu = pyro.sample("mu", dist.Normal((m0 / s0**2 + (news * y).sum()) / precision, precision**-0.5))
    with pyro.plate("schools", len(y)):
        mean = (mu / tau + y / sd) / (1 / tau + 1 / sd)
        pyro.sample("theta", dist.Normal(mean, (1 / tau**2 + 1 / sd**2).rsqrt()))


# %% wrong prior_around_zero: leaves m0 out of the mean, which is zero for the eight schools, and uses the prior's precision only
def exact_guide(y: Tensor, sd: Tensor, tau: Tensor, m0: Tensor, s0: Tensor) -> None:
    news = 1 / (tau**2 + sd**2)
    precision = 1 / s0**2 + news.sum()
    mu = pyro.sample("mu", dist.Normal((news * y).sum() / precision, precision**-0.5))
    with pyro.plate("schools", len(y)):
        both = 1 / tau**2 + 1 / sd**2
        pyro.sample("theta", dist.Normal((mu / tau**2 + y / sd**2) / both, both.rsqrt()))
