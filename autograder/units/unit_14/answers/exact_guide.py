# %% right precisions: Precisions add up, on both floors.
import pyro
import pyro.distributions as dist


def exact_guide(y, sd, tau, m0, s0):
    weight = 1 / (sd**2 + tau**2)
    precision = weight.sum() + 1 / s0**2
    mu = pyro.sample("mu", dist.Normal(((weight * y).sum() + m0 / s0**2) / precision, precision.rsqrt()))
    with pyro.plate("schools", len(y)):
        precision = 1 / sd**2 + 1 / tau**2
        pyro.sample("theta", dist.Normal((y / sd**2 + mu / tau**2) / precision, precision.rsqrt()))


# %% right loops: One measurement after the other, by a Kalman gain; shrinkage below.
import pyro
import pyro.distributions as dist


def exact_guide(y, sd, tau, m0, s0):
    mean, variance = m0, s0**2
    for n in range(len(y)):
        noise = sd[n] ** 2 + tau**2
        gain = variance / (variance + noise)
        mean = mean + gain * (y[n] - mean)
        variance = gain * noise
    mu = pyro.sample("mu", dist.Normal(mean, variance**0.5))
    shrink = tau**2 / (tau**2 + sd**2)
    with pyro.plate("schools", y.shape[0], dim=-1):
        pyro.sample("theta", dist.Normal(mu + shrink * (y - mu), sd * shrink.sqrt()))


# %% right linear_algebra: The joint Gaussian of mu and theta is conditioned on y, and the joint posterior taken apart.
import pyro
import pyro.distributions as dist
import torch


def exact_guide(y, sd, tau, m0, s0):
    size = len(y)
    lam = torch.zeros(size + 1, size + 1)
    lam[0, 0] = 1 / s0**2 + size / tau**2
    lam[0, 1:] = lam[1:, 0] = -1 / tau**2
    lam[range(1, size + 1), range(1, size + 1)] = 1 / tau**2 + 1 / sd**2
    shift = torch.cat([(m0 / s0**2).reshape(1), y / sd**2])
    loc = torch.linalg.solve(lam, shift)
    variance = torch.linalg.inv(lam)[0, 0]
    mu = pyro.sample("mu", dist.Normal(loc[0], variance.sqrt()))
    with pyro.plate("schools", size):
        own = lam.diagonal()[1:]
        pyro.sample("theta", dist.Normal(loc[1:] - lam[1:, 0] / own * (mu - loc[0]), own.rsqrt()))


# %% right sampled_noise: The draw of mu by NumPy's formulas, in a class.
import numpy as np
import pyro
import pyro.distributions as dist
import torch


class Guide:
    def __call__(self, y, sd, tau, m0, s0):
        variance = np.asarray(sd) ** 2 + float(tau) ** 2
        total = 1 / float(s0) ** 2 + np.sum(1 / variance)
        loc = (float(m0) / float(s0) ** 2 + np.sum(np.asarray(y) / variance)) / total
        mu = pyro.sample("mu", dist.Normal(torch.tensor(loc), torch.tensor(total**-0.5)))
        with pyro.plate("schools", len(y)):
            share = sd**2 / (sd**2 + tau**2)
            pyro.sample("theta", dist.Normal(share * mu + (1 - share) * y, tau * share.sqrt()))


exact_guide = Guide()


# %% wrong only_errors, from right precisions: The spread of theta is forgotten at the top.
# diagnosis: tau_forgotten
#-     weight = 1 / (sd**2 + tau**2)
#+     weight = 1 / sd**2


# %% wrong only_tau, from right precisions: The errors of measurement are forgotten at the top.
# diagnosis: errors_forgotten
#-     weight = 1 / (sd**2 + tau**2)
#+     weight = 1 / (0 * sd + tau**2)


# %% wrong sum_of_scales, from right precisions: Standard deviations are added.
# diagnosis: scales_added
#-     weight = 1 / (sd**2 + tau**2)
#+     weight = 1 / (sd + tau)**2


# %% wrong flat_prior, from right precisions: mu without its prior.
# diagnosis: prior_forgotten
#-     precision = weight.sum() + 1 / s0**2
#-     mu = pyro.sample("mu", dist.Normal(((weight * y).sum() + m0 / s0**2) / precision, precision.rsqrt()))
#+     precision = weight.sum()
#+     mu = pyro.sample("mu", dist.Normal((weight * y).sum() / precision, precision.rsqrt()))


# %% wrong prior_at_zero, from right precisions: The mean of the prior is forgotten.
# diagnosis: prior_mean_forgotten
#-     mu = pyro.sample("mu", dist.Normal(((weight * y).sum() + m0 / s0**2) / precision, precision.rsqrt()))
#+     mu = pyro.sample("mu", dist.Normal((weight * y).sum() / precision, precision.rsqrt()))


# %% wrong the_prior, from right precisions: mu is drawn from its prior.
# diagnosis: prior
#-     mu = pyro.sample("mu", dist.Normal(((weight * y).sum() + m0 / s0**2) / precision, precision.rsqrt()))
#+     mu = pyro.sample("mu", dist.Normal(m0, s0))


# %% wrong variance, from right loops: A variance where Pyro takes a standard deviation.
# diagnosis: variance_for_scale
#-     mu = pyro.sample("mu", dist.Normal(mean, variance**0.5))
#+     mu = pyro.sample("mu", dist.Normal(mean, variance))


# %% wrong mean_field, from right precisions: theta follows the mean of mu, not its draw.
# diagnosis: not_conditional
#-     mu = pyro.sample("mu", dist.Normal(((weight * y).sum() + m0 / s0**2) / precision, precision.rsqrt()))
#+     mean = ((weight * y).sum() + m0 / s0**2) / precision
#+     pyro.sample("mu", dist.Normal(mean, precision.rsqrt()))
#@@
#-         pyro.sample("theta", dist.Normal((y / sd**2 + mu / tau**2) / precision, precision.rsqrt()))
#+         pyro.sample("theta", dist.Normal((y / sd**2 + mean / tau**2) / precision, precision.rsqrt()))


# %% wrong marginals, from right linear_algebra: The marginal of each effect.
# diagnosis: marginal
#-         own = lam.diagonal()[1:]
#-         pyro.sample("theta", dist.Normal(loc[1:] - lam[1:, 0] / own * (mu - loc[0]), own.rsqrt()))
#+         pyro.sample("theta", dist.Normal(loc[1:], torch.linalg.inv(lam).diagonal()[1:].sqrt()))


# %% wrong exchanged, from right loops: The weights are exchanged.
# diagnosis: weights_exchanged
#-         pyro.sample("theta", dist.Normal(mu + shrink * (y - mu), sd * shrink.sqrt()))
#+         pyro.sample("theta", dist.Normal(y + shrink * (mu - y), sd * shrink.sqrt()))


# %% wrong model_again, from right precisions: theta from the model.
# diagnosis: no_measurement
#-         precision = 1 / sd**2 + 1 / tau**2
#-         pyro.sample("theta", dist.Normal((y / sd**2 + mu / tau**2) / precision, precision.rsqrt()))
#+         pyro.sample("theta", dist.Normal(mu, tau))


# %% wrong measurement, from right loops: theta from its measurement alone.
# diagnosis: no_shrinkage
#-         pyro.sample("theta", dist.Normal(mu + shrink * (y - mu), sd * shrink.sqrt()))
#+         pyro.sample("theta", dist.Normal(y + 0 * mu, sd))


# %% wrong effects_variance, from right loops: The variance of theta for its scale.
# diagnosis: variance_for_scale
#-         pyro.sample("theta", dist.Normal(mu + shrink * (y - mu), sd * shrink.sqrt()))
#+         pyro.sample("theta", dist.Normal(mu + shrink * (y - mu), sd**2 * shrink))


# %% wrong one_event, from right loops: The effects are one event and no plate.
# diagnosis: generic_sum_1
#-     with pyro.plate("schools", y.shape[0], dim=-1):
#-         pyro.sample("theta", dist.Normal(mu + shrink * (y - mu), sd * shrink.sqrt()))
#+     pyro.sample("theta", dist.Normal(mu + shrink * (y - mu), sd * shrink.sqrt()).to_event(1))


# %% wrong other_name, from right loops: A site has another name than in the model.
# diagnosis: raises_LookupError
#-         pyro.sample("theta", dist.Normal(mu + shrink * (y - mu), sd * shrink.sqrt()))
#+         pyro.sample("effects", dist.Normal(mu + shrink * (y - mu), sd * shrink.sqrt()))


# %% wrong guarded, from right precisions: A small number keeps a denominator from zero.
# diagnosis: value
#-     weight = 1 / (sd**2 + tau**2)
#+     weight = 1 / (sd**2 + tau**2 + 1e-3)
