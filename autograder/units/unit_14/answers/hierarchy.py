# %% right plates: One site for each line, plates for what is repeated.
import pyro
import pyro.distributions as dist


def hierarchy(x, groups, count, y=None):
    mu = pyro.sample("mu", dist.Normal(0.0, 5.0))
    tau = pyro.sample("tau", dist.HalfCauchy(3.0))
    s = pyro.sample("s", dist.Gamma(2.5, 0.5))
    w = pyro.sample("w", dist.Laplace(0.0, 0.7).expand([x.shape[1]]).to_event(1))
    with pyro.plate("groups", count):
        b = pyro.sample("b", dist.Normal(mu, tau))
    with pyro.plate("rows", len(x)):
        mean = b[..., groups] + (x * w).sum(-1)
        pyro.sample("y", dist.StudentT(4.0, mean, s.rsqrt()), obs=y)


# %% right tensors: Parameters as tensors, and the mean by einsum.
import pyro
import torch
from pyro import distributions as dist, plate, sample


def hierarchy(x, groups, count, y=None):
    rows, size = x.shape
    zero = x.new_zeros(())
    mu = sample("mu", dist.Normal(zero, zero + 5))
    s = sample("s", dist.Gamma(zero + 2.5, zero + 0.5))
    tau = sample("tau", dist.HalfCauchy(zero + 3))
    w = sample("w", dist.Independent(dist.Laplace(x.new_zeros(size), x.new_full((size,), 0.7)), 1))
    with plate("effects", count, dim=-1):
        b = sample("b", dist.Normal(mu, tau))
    mean = torch.index_select(b, -1, groups)
    mean = mean + torch.einsum("np,...p->...n", x, w.squeeze(-2) if w.dim() > 1 else w)
    with plate("data", rows, dim=-1):
        sample("y", dist.StudentT(df=4, loc=mean, scale=1 / s.sqrt()), obs=y)


# %% right by_condition: The rows always are a random site; data are put in by a handler. Student's t by hand, as a transformed one.
import pyro
import pyro.distributions as dist
import torch
from pyro import poutine


def generative(x, groups, count):
    mu = pyro.sample("mu", dist.Normal(0.0, 5.0))
    tau = pyro.sample("tau", dist.HalfCauchy(3.0))
    s = pyro.sample("s", dist.Gamma(2.5, 0.5))
    w = pyro.sample("w", dist.Laplace(torch.zeros(x.shape[-1]), 0.7).to_event(1))
    with pyro.plate("groups", count):
        b = pyro.sample("b", dist.Normal(mu, tau))
    with pyro.plate("rows", x.shape[0]):
        total = b[..., groups]
        for p in range(x.shape[1]):
            total = total + w[..., p] * x[:, p]
        pyro.sample("y", dist.TransformedDistribution(dist.StudentT(4.0), [dist.transforms.AffineTransform(total, s**-0.5)]))


def hierarchy(x, groups, count, y=None):
    model = generative if y is None else poutine.condition(generative, data={"y": y})
    return model(x, groups, count)


# %% right one_by_one: Plates that are loops would have other sites; the groups' effects are expanded by hand inside the plate.
import pyro
import pyro.distributions as dist


class Hierarchy:
    def __call__(self, x, groups, count, y=None):
        tau = pyro.sample("tau", dist.HalfCauchy(scale=3.0))
        mu = pyro.sample("mu", dist.Normal(loc=0.0, scale=5.0))
        s = pyro.sample("s", dist.Gamma(concentration=2.5, rate=0.5))
        with pyro.plate("groups", count):
            b = pyro.sample("b", dist.Normal(mu, tau))
        w = pyro.sample("w", dist.Laplace(x.new_zeros(x.shape[1]), x.new_ones(x.shape[1]) * 0.7).to_event(1))
        mean = b.T[groups].T + (w * x).sum(-1) if b.dim() == 2 else b[groups] + x @ w
        with pyro.plate("rows", x.shape[0]):
            pyro.sample("y", dist.StudentT(4.0, mean, s**-0.5), obs=y)


hierarchy = Hierarchy()


# %% wrong variance, from right plates: The variance of mu in place of its scale.
# diagnosis: variance_for_scale
#-     mu = pyro.sample("mu", dist.Normal(0.0, 5.0))
#+     mu = pyro.sample("mu", dist.Normal(0.0, 25.0))


# %% wrong cauchy, from right plates: The Cauchy of the whole line.
# diagnosis: whole_cauchy
#-     tau = pyro.sample("tau", dist.HalfCauchy(3.0))
#+     tau = pyro.sample("tau", dist.Cauchy(0.0, 3.0))


# %% wrong nine, from right tensors: The nine of the denominator for the scale.
# diagnosis: scale_squared
#-     tau = sample("tau", dist.HalfCauchy(zero + 3))
#+     tau = sample("tau", dist.HalfCauchy(zero + 9))


# %% wrong gamma_scale, from right plates: A scale where Pyro takes a rate.
# diagnosis: rate_for_scale
#-     s = pyro.sample("s", dist.Gamma(2.5, 0.5))
#+     s = pyro.sample("s", dist.Gamma(2.5, 2.0))


# %% wrong power, from right by_condition: The power of s for the shape.
# diagnosis: shape_less_one
#-     s = pyro.sample("s", dist.Gamma(2.5, 0.5))
#+     s = pyro.sample("s", dist.Gamma(1.5, 0.5))


# %% wrong standard_effects, from right plates: Effects around zero.
# diagnosis: no_mean
#-         b = pyro.sample("b", dist.Normal(mu, tau))
#+         b = pyro.sample("b", dist.Normal(0.0, tau))


# %% wrong effects_variance, from right tensors: tau is taken for a variance.
# diagnosis: scale_root
#-         b = sample("b", dist.Normal(mu, tau))
#+         b = sample("b", dist.Normal(mu, tau.sqrt()))


# %% wrong gaussian_weights, from right by_condition: Normal weights.
# diagnosis: normal_weights
#-     w = pyro.sample("w", dist.Laplace(torch.zeros(x.shape[-1]), 0.7).to_event(1))
#+     w = pyro.sample("w", dist.Normal(torch.zeros(x.shape[-1]), 0.7).to_event(1))


# %% wrong precision, from right plates: The precision where a scale belongs.
# diagnosis: precision_for_scale
#-         pyro.sample("y", dist.StudentT(4.0, mean, s.rsqrt()), obs=y)
#+         pyro.sample("y", dist.StudentT(4.0, mean, s), obs=y)


# %% wrong row_variance, from right tensors: The variance where a scale belongs.
# diagnosis: variance_for_scale
#-         sample("y", dist.StudentT(df=4, loc=mean, scale=1 / s.sqrt()), obs=y)
#+         sample("y", dist.StudentT(df=4, loc=mean, scale=1 / s), obs=y)


# %% wrong normal_rows, from right plates: Normal rows.
# diagnosis: normal_rows
#-         pyro.sample("y", dist.StudentT(4.0, mean, s.rsqrt()), obs=y)
#+         pyro.sample("y", dist.Normal(mean, s.rsqrt()), obs=y)


# %% wrong five, from right plates: Five degrees of freedom, from twice the power of the bracket.
# diagnosis: other_freedom
#-         pyro.sample("y", dist.StudentT(4.0, mean, s.rsqrt()), obs=y)
#+         pyro.sample("y", dist.StudentT(5.0, mean, s.rsqrt()), obs=y)


# %% wrong no_covariates, from right plates: The covariates are forgotten.
# diagnosis: no_weights
#-         mean = b[..., groups] + (x * w).sum(-1)
#+         mean = b[..., groups]


# %% wrong seen_groups, from right plates: As many groups as occur.
# diagnosis: raises_ValueError
#-     with pyro.plate("groups", count):
#+     with pyro.plate("groups", int(groups.max()) + 1):


# %% wrong no_plate, from right plates: The rows are one event, and no plate.
# diagnosis: generic_sum_0
#-     with pyro.plate("rows", len(x)):
#-         mean = b[..., groups] + (x * w).sum(-1)
#-         pyro.sample("y", dist.StudentT(4.0, mean, s.rsqrt()), obs=y)
#+     mean = b[..., groups] + (x * w).sum(-1)
#+     pyro.sample("y", dist.StudentT(4.0, mean, s.rsqrt()).to_event(1), obs=y)


# %% wrong one_particle, from right plates: Right for one particle; with several the first axis is taken for the groups.
# diagnosis: raises_IndexError or raises_RuntimeError or raises_ValueError or shape
#-         mean = b[..., groups] + (x * w).sum(-1)
#+         mean = b[groups] + x @ w


# %% wrong pinned, from right plates: The rows are zero where there is no y.
# diagnosis: observed
#-         pyro.sample("y", dist.StudentT(4.0, mean, s.rsqrt()), obs=y)
#+         pyro.sample("y", dist.StudentT(4.0, mean, s.rsqrt()), obs=0 * mean if y is None else y)


# %% wrong single_precision, from right tensors: Numbers pass through single precision.
# diagnosis: value or lost_precision
#-         sample("y", dist.StudentT(df=4, loc=mean, scale=1 / s.sqrt()), obs=y)
#+         sample("y", dist.StudentT(df=4, loc=mean.float().double(), scale=1 / s.sqrt()), obs=y)


# %% wrong renumbered, from right plates: Effects are picked by the place of a number among those that occur, as pandas and scikit-learn encode labels: right where no group is empty.
# diagnosis: groups_renumbered
#-     with pyro.plate("rows", len(x)):
#-         mean = b[..., groups] + (x * w).sum(-1)
#+     place = groups.unique(return_inverse=True)[1]
#+     with pyro.plate("rows", len(x)):
#+         mean = b[..., place] + (x * w).sum(-1)


# %% wrong counted_from_one, from right plates: The lowest number that occurs is taken for the first of all.
# diagnosis: value
#-         mean = b[..., groups] + (x * w).sum(-1)
#+         mean = b[..., groups - groups.min()] + (x * w).sum(-1)
