# %% right tuples: All tuples of states at once.
import torch


def reweighted_bias(log_joint, log_q, scores, samples):
    log_w = log_joint - log_q
    posterior = torch.softmax(log_joint, 0)
    target = posterior @ scores
    index = torch.arange(len(log_q))
    tuples = torch.cartesian_prod(*[index] * samples).reshape(-1, samples)
    chance = log_q[tuples].sum(-1).exp()
    weights = torch.softmax(log_w[tuples], -1)
    mean = chance @ (weights.unsqueeze(-1) * scores[tuples]).sum(1)
    w = posterior / log_q.exp()
    return mean - target, -((posterior * w) @ (scores - target)) / samples


# %% right loops: A loop over tuples, in NumPy; the expansion with a covariance and a variance.
import itertools

import numpy as np


def reweighted_bias(log_joint, log_q, scores, samples):
    log_joint, log_q, scores = log_joint.numpy(), log_q.numpy(), scores.numpy()
    q = np.exp(log_q)
    log_w = log_joint - log_q
    w = np.exp(log_w - log_w.max())
    target = (q * w) @ scores / (q @ w)
    mean = np.zeros(scores.shape[1])
    for states in itertools.product(range(len(q)), repeat=samples):
        pick = list(states)
        mean += q[pick].prod() * (w[pick] @ scores[pick]) / w[pick].sum()
    z = q @ w
    covariance = (q * w) @ (w[:, None] * scores) - z * ((q * w) @ scores)
    variance = q @ w**2 - z**2
    first = (target * variance - covariance) / z**2 / samples
    return mean - target, first


# %% right counts: Tuples by how often each state occurs, with multinomial chances.
import itertools
import math

import torch


def reweighted_bias(log_joint, log_q, scores, samples):
    states = len(log_q)
    log_w = (log_joint - log_q).tolist()
    top = max(log_w)
    w = [math.exp(one - top) for one in log_w]
    q = log_q.exp().tolist()
    mean = torch.zeros_like(scores[0])
    for chosen in itertools.combinations_with_replacement(range(states), samples):
        counts = [chosen.count(s) for s in range(states)]
        chance = math.factorial(samples)
        for count, one in zip(counts, q):
            chance *= one**count / math.factorial(count)
        total = sum(count * one for count, one in zip(counts, w))
        for s in range(states):
            mean = mean + chance * counts[s] * w[s] / total * scores[s]
    z = sum(a * b for a, b in zip(q, w))
    target = sum(q[s] * w[s] / z * scores[s] for s in range(states))
    first = -sum(q[s] * (w[s] / z) ** 2 * (scores[s] - target) for s in range(states)) / samples
    return [mean - target, first]


# %% wrong mean, from right tuples: The target is not taken off.
# diagnosis: mean_not_bias
#-     return mean - target, -((posterior * w) @ (scores - target)) / samples
#+     return mean, -((posterior * w) @ (scores - target)) / samples


# %% wrong plain_weights, from right tuples: The weights are divided by K, so that the estimate seems unbiased.
# diagnosis: value
#-     weights = torch.softmax(log_w[tuples], -1)
#+     weights = (log_w - log_joint.logsumexp(0)).exp()[tuples] / samples


# %% wrong numerator_only, from right loops: The denominator is taken for certain in its own square.
# diagnosis: denominator_forgotten
#-     first = (target * variance - covariance) / z**2 / samples
#+     first = -covariance / z**2 / samples


# %% wrong no_target, from right tuples: Scores without the target in the first order.
# diagnosis: target_not_taken_off
#-     return mean - target, -((posterior * w) @ (scores - target)) / samples
#+     return mean - target, -((posterior * w) @ scores) / samples


# %% wrong coefficient, from right tuples: The coefficient of 1 / K.
# diagnosis: not_divided
#-     return mean - target, -((posterior * w) @ (scores - target)) / samples
#+     return mean - target, -((posterior * w) @ (scores - target))


# %% wrong other_sign, from right tuples: The target less the mean, in both.
# diagnosis: sign
#-     return mean - target, -((posterior * w) @ (scores - target)) / samples
#+     return target - mean, ((posterior * w) @ (scores - target)) / samples


# %% wrong w_cubed, from right tuples: Samples from the posterior.
# diagnosis: posterior_chances
#-     return mean - target, -((posterior * w) @ (scores - target)) / samples
#+     return mean - target, -((posterior * w * w) @ (scores - target)) / samples


# %% wrong exact_twice, from right tuples: The exact bias stands for its first order.
# diagnosis: order_swapped
#-     return mean - target, -((posterior * w) @ (scores - target)) / samples
#+     return mean - target, mean - target


# %% wrong not_scale_free, from right loops: The weights are not divided by their mean.
# diagnosis: dictionary
#-     first = (target * variance - covariance) / z**2 / samples
#+     first = (target * variance - covariance) / samples


# %% wrong underflow, from right loops: Weights without a shift, which underflow for an image.
# diagnosis: not_finite
#-     w = np.exp(log_w - log_w.max())
#+     w = np.exp(log_w)


# %% wrong without_repeats, from right loops: Tuples without repetition.
# diagnosis: value
#-     for states in itertools.product(range(len(q)), repeat=samples):
#+     for states in itertools.permutations(range(len(q)), samples):


# %% wrong one_less, from right tuples: Divided by K - 1.
# diagnosis: value
#-     return mean - target, -((posterior * w) @ (scores - target)) / samples
#+     return mean - target, -((posterior * w) @ (scores - target)) / max(samples - 1, 1)
