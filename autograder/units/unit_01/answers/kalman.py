# %% right information: Precisions add: prior precision plus what the datum tells.
import math

import torch


def kalman_step(mean, cov, x, transition, emission, transition_cov, emission_cov):
    m = transition @ mean
    p = transition @ cov @ transition.T + transition_cov
    weight = torch.linalg.solve(emission_cov, emission)
    precision = torch.linalg.inv(p) + emission.T @ weight
    new_cov = torch.linalg.inv(precision)
    new_mean = new_cov @ (torch.linalg.solve(p, m) + weight.T @ x)
    s, r = emission @ p @ emission.T + emission_cov, x - emission @ m
    log_term = -0.5 * (r @ torch.linalg.solve(s, r) + torch.logdet(s) + len(x) * math.log(2 * math.pi))
    return new_mean, new_cov, log_term


# %% right joint: The blocks of the joint Gaussian of state and datum.
import torch
from torch.distributions import MultivariateNormal


def kalman_step(mean, cov, x, transition, emission, transition_cov, emission_cov):
    d = len(mean)
    m = transition @ mean
    p = transition @ cov @ transition.T + transition_cov
    stacked = torch.cat([torch.eye(d, dtype=m.dtype), emission])
    joint = stacked @ p @ stacked.T
    joint[d:, d:] += emission_cov
    solve = torch.linalg.solve(joint[d:, d:], joint[d:, :d]).T
    density = MultivariateNormal(emission @ m, joint[d:, d:])
    return m + solve @ (x - emission @ m), joint[:d, :d] - solve @ joint[d:, :d], density.log_prob(x)


# %% right joseph: Joseph's form of the covariance, with a Cholesky factor, in NumPy.
import numpy as np
from scipy.linalg import cho_factor, cho_solve
from scipy.stats import multivariate_normal


def kalman_step(mean, cov, x, transition, emission, transition_cov, emission_cov):
    mean, cov, x, a, c, q, r = (np.asarray(t) for t in (mean, cov, x, transition, emission, transition_cov, emission_cov))
    mean, cov = a @ mean, a @ cov @ a.T + q
    s = c @ cov @ c.T + r
    gain = cho_solve(cho_factor(s), c @ cov).T
    keep = np.eye(len(mean)) - gain @ c
    log_term = multivariate_normal(c @ mean, s).logpdf(x)
    return mean + gain @ (x - c @ mean), keep @ cov @ keep.T + gain @ r @ gain.T, log_term


# %% right textbook: Predict, compare, correct.
import torch
from torch.distributions import MultivariateNormal


def kalman_step(mean, cov, x, transition, emission, transition_cov, emission_cov):
    mean, cov = transition @ mean, transition @ cov @ transition.T + transition_cov
    surprise = x - emission @ mean
    inner = emission @ cov @ emission.T + emission_cov
    gain = cov @ emission.T @ torch.linalg.inv(inner)
    log_term = MultivariateNormal(torch.zeros_like(x), inner).log_prob(surprise)
    return mean + gain @ surprise, cov - gain @ emission @ cov, log_term


# %% wrong a_forgotten, from right textbook: Q is added to the old covariance and A forgotten: right for a random walk, where A is the identity.
# diagnosis: a_forgotten
#-     mean, cov = transition @ mean, transition @ cov @ transition.T + transition_cov
#+     mean, cov = transition @ mean, cov + transition_cov


# %% wrong covariance_grows, from right textbook: A plus in place of a minus: every datum makes the filter less certain.
# diagnosis: covariance_grows
#-     return mean + gain @ surprise, cov - gain @ emission @ cov, log_term
#+     return mean + gain @ surprise, cov + gain @ emission @ cov, log_term


# %% wrong covariance_not_corrected, from right textbook: The mean learns from the datum, and the covariance stays the predicted one: the filter never becomes sure of anything.
# diagnosis: covariance_not_corrected
#-     return mean + gain @ surprise, cov - gain @ emission @ cov, log_term
#+     return mean + gain @ surprise, cov, log_term


# %% wrong emission_noise_only, from right textbook: The datum is judged by its noise R alone. That is its density given the state, and the state is uncertain.
# diagnosis: emission_noise_only
#-     log_term = MultivariateNormal(torch.zeros_like(x), inner).log_prob(surprise)
#+     log_term = MultivariateNormal(torch.zeros_like(x), emission_cov).log_prob(surprise)


# %% wrong independent_entries, from right textbook: Each entry of x is judged on its own by the diagonal of S. Both instruments see one state, so their errors are correlated.
# diagnosis: independent_entries
import torch
from torch.distributions import Normal


def kalman_step(mean, cov, x, transition, emission, transition_cov, emission_cov):
    mean, cov = transition @ mean, transition @ cov @ transition.T + transition_cov
    s = emission @ cov @ emission.T + emission_cov
    gain = cov @ emission.T @ torch.linalg.inv(s)
    log_term = Normal(emission @ mean, s.diagonal().sqrt()).log_prob(x).sum()
    return mean + gain @ (x - emission @ mean), cov - gain @ emission @ cov, log_term


# %% wrong late_density, from right textbook: The log-density is computed after the correction: a datum is judged by a state that has seen it, and looks too probable.
# diagnosis: late_residual
#-     surprise = x - emission @ mean
#-     inner = emission @ cov @ emission.T + emission_cov
#-     gain = cov @ emission.T @ torch.linalg.inv(inner)
#-     log_term = MultivariateNormal(torch.zeros_like(x), inner).log_prob(surprise)
#-     return mean + gain @ surprise, cov - gain @ emission @ cov, log_term
#+     gain = cov @ emission.T @ torch.linalg.inv(emission @ cov @ emission.T + emission_cov)
#+     mean, cov = mean + gain @ (x - emission @ mean), cov - gain @ emission @ cov
#+     return mean, cov, MultivariateNormal(emission @ mean, emission @ cov @ emission.T + emission_cov).log_prob(x)


# %% wrong late_residual, from right textbook: The variable that held the predicted mean was overwritten, so the log-density measures x from the corrected one.
# diagnosis: late_residual
#-     log_term = MultivariateNormal(torch.zeros_like(x), inner).log_prob(surprise)
#-     return mean + gain @ surprise, cov - gain @ emission @ cov, log_term
#+     mean = mean + gain @ surprise
#+     log_term = MultivariateNormal(emission @ mean, inner).log_prob(x)
#+     return mean, cov - gain @ emission @ cov, log_term


# %% wrong no_inverse, from right textbook: The gain lacks the inverse of S, which weighs what the instrument says against how noisy it is.
# diagnosis: no_inverse
#-     gain = cov @ emission.T @ torch.linalg.inv(inner)
#+     gain = cov @ emission.T


# %% wrong not_predicted, from right textbook: The datum corrects yesterday's state: the step A m, A P A' + Q is missing, and the filter lags behind.
# diagnosis: not_predicted
#-     mean, cov = transition @ mean, transition @ cov @ transition.T + transition_cov


# %% wrong not_transposed, from right textbook: A P A in place of A P A': the same wherever A is symmetric, which it is in most toy examples.
# diagnosis: not_transposed
#-     mean, cov = transition @ mean, transition @ cov @ transition.T + transition_cov
#+     mean, cov = transition @ mean, transition @ cov @ transition + transition_cov


# %% wrong old_covariance, from right textbook: The corrected covariance is formed from the P before the prediction, because its name was kept.
# diagnosis: old_covariance
#  def kalman_step(mean, cov, x, transition, emission, transition_cov, emission_cov):
#+     old = cov
#@@
#-     return mean + gain @ surprise, cov - gain @ emission @ cov, log_term
#+     return mean + gain @ surprise, old - gain @ emission @ old, log_term


# %% wrong q_forgotten, from right textbook: The state moves without noise: unless A stretches it the covariance keeps shrinking, and the filter ends up ignoring its data.
# diagnosis: q_forgotten
#-     mean, cov = transition @ mean, transition @ cov @ transition.T + transition_cov
#+     mean, cov = transition @ mean, transition @ cov @ transition.T


# %% wrong r_forgotten, from right textbook: The instrument counts as exact: S lacks R, and the mean jumps to what was measured.
# diagnosis: r_forgotten
#-     inner = emission @ cov @ emission.T + emission_cov
#+     inner = emission @ cov @ emission.T


# %% wrong raw_datum, from right textbook: The gain multiplies x itself. Only the surprise, x minus what was expected, says anything new.
# diagnosis: raw_datum
#-     return mean + gain @ surprise, cov - gain @ emission @ cov, log_term
#+     return mean + gain @ x, cov - gain @ emission @ cov, log_term


# %% wrong sign, from right textbook: The surprise is taken the wrong way round, so every datum pushes the mean away from itself.
# diagnosis: sign
#-     return mean + gain @ surprise, cov - gain @ emission @ cov, log_term
#+     return mean - gain @ surprise, cov - gain @ emission @ cov, log_term


# %% wrong transposed_left, from right textbook: A' P A in place of A P A': the transpose on the wrong side, as in a quadratic form.
# diagnosis: not_transposed
import torch
from torch.distributions import MultivariateNormal


def kalman_step(mean, cov, x, transition, emission, transition_cov, emission_cov):
    mean, cov = transition @ mean, transition.T @ cov @ transition + transition_cov
    s = emission @ cov @ emission.T + emission_cov
    gain = cov @ emission.T @ torch.linalg.inv(s)
    log_term = MultivariateNormal(emission @ mean, s).log_prob(x)
    return mean + gain @ (x - emission @ mean), cov - gain @ emission @ cov, log_term


# %% wrong wrong_order, from right textbook: Corrected first and predicted afterwards, where t + 1 is predicted from t: what comes back belongs to the next step.
# diagnosis: wrong_order
#-     mean, cov = transition @ mean, transition @ cov @ transition.T + transition_cov
#@@
#-     return mean + gain @ surprise, cov - gain @ emission @ cov, log_term
#+     mean, cov = mean + gain @ surprise, cov - gain @ emission @ cov
#+     return transition @ mean, transition @ cov @ transition.T + transition_cov, log_term


# %% wrong outlier_clamped, from right textbook: A surprise beyond ten is cut off, to be robust. That is another model, and its log-density is not this one.
# diagnosis: described
#-     surprise = x - emission @ mean
#+     surprise = (x - emission @ mean).clamp(-10, 10)


# %% wrong diagonal_noise, from right textbook: Only the diagonal of R is used, as if all instruments were independent of each other.
# diagnosis: value
#-     inner = emission @ cov @ emission.T + emission_cov
#+     inner = emission @ cov @ emission.T + torch.diag(emission_cov.diagonal())


# %% wrong floored, from right textbook: Eigenvalues below a millionth are raised, to keep the covariance positive definite: what precise sightings have found out is forgotten.
# diagnosis: value
#-     return mean + gain @ surprise, cov - gain @ emission @ cov, log_term
#+     values, vectors = torch.linalg.eigh(cov - gain @ emission @ cov)
#+     return mean + gain @ surprise, vectors @ torch.diag(values.clamp(min=1e-6)) @ vectors.T, log_term
