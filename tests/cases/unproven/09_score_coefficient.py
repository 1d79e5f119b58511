import torch
from torch import Tensor, nn

# %% right score_term: the path derivative plus c times a term that is zero in value
def score_coefficient(p, q, x, eps, c):
    z = q.transport(eps, x)
    s = -q(x, z.detach())
    return (p.log_joint(x, z) - q.frozen_log_prob(z, x) + c * (s - s.detach())).mean(0)

# %% right from_total: the total derivative, minus the rest of the score
def score_coefficient(p, q, x, eps, c):
    z = q.transport(eps, x)
    live, score = q(x, z), q(x, z.detach())
    total = 0.0
    for k in range(len(eps)):
        total = total + p.log_joint(x, z)[k] - live[k] + (1 - c) * (score[k] - score[k].detach())
    return total / len(eps)

# %% wrong between: c is kept between 0 and 1
def score_coefficient(p, q, x, eps, c):
    z = q.transport(eps, x)
    c = min(max(c, 0.0), 1.0)
    return (p.log_joint(x, z) - c * q(x, z) - (1 - c) * q.frozen_log_prob(z, x)).mean(0)

# %% wrong boolean: any c but 0 counts as 1
def score_coefficient(p, q, x, eps, c):
    z = q.transport(eps, x)
    return (p.log_joint(x, z) - (q(x, z) if c else q.frozen_log_prob(z, x))).mean(0)

# %% wrong value_moves: adds c times minus the log density itself, so the value moves with c
# not told: the gradient is wrong
def score_coefficient(p, q, x, eps, c):
    z = q.transport(eps, x)
    return (p.log_joint(x, z) - q.frozen_log_prob(z, x) - c * q(x, z.detach())).mean(0)

# %% wrong path_comes_along: the extra term is taken at a z that moves, so c scales a path as well
def score_coefficient(p, q, x, eps, c):
    z = q.transport(eps, x)
    s = -q(x, z)
    return (p.log_joint(x, z) - q.frozen_log_prob(z, x) + c * (s - s.detach())).mean(0)

# %% wrong size_of_c: c enters by its size, right for c from 0 upwards
def score_coefficient(p, q, x, eps, c):
    z = q.transport(eps, x)
    c = abs(c)
    return (p.log_joint(x, z) - c * q(x, z) - (1 - c) * q.frozen_log_prob(z, x)).mean(0)

# %% wrong summed_scores: scores are added up over the samples, the same for K = 1
def score_coefficient(p, q, x, eps, c):
    z = q.transport(eps, x)
    s = -q(x, z.detach())
    return (p.log_joint(x, z) - q.frozen_log_prob(z, x)).mean(0) + c * (s - s.detach()).sum(0)

# %% wrong batch_score: every datum gets the mean score of the batch
def score_coefficient(p, q, x, eps, c):
    z = q.transport(eps, x)
    s = -q(x, z.detach())
    return (p.log_joint(x, z) - q.frozen_log_prob(z, x)).mean(0) + c * (s - s.detach()).mean()

# %% wrong other_sign: S is taken for the gradient of log q and not minus it
# not told: the gradient is biased
def score_coefficient(p, q, x, eps, c):
    z = q.transport(eps, x)
    s = q(x, z.detach())
    return (p.log_joint(x, z) - q.frozen_log_prob(z, x) + c * (s - s.detach())).mean(0)

# %% wrong whole_number: c is cut to a whole number
def score_coefficient(p, q, x, eps, c):
    z = q.transport(eps, x)
    c = int(c)
    return (p.log_joint(x, z) - c * q(x, z) - (1 - c) * q.frozen_log_prob(z, x)).mean(0)

# %% wrong counted_from_total: c counts from the total derivative
def score_coefficient(p, q, x, eps, c):
    z = q.transport(eps, x)
    s = -q(x, z.detach())
    return (p.log_joint(x, z) - q(x, z) + c * (s - s.detach())).mean(0)

# %% wrong independent_score: the score is taken at a sample of its own; unbiased
# not told: the gradient is biased
def score_coefficient(p, q, x, eps, c):
    z = q.transport(eps, x)
    s = -q(x, q.transport(-eps, x).detach())
    return (p.log_joint(x, z) - q.frozen_log_prob(z, x) + c * (s - s.detach())).mean(0)

# %% wrong recentred: the weights of the score are centred log weights, a score-function estimate mixed in
def score_coefficient(p, q, x, eps, c):
    z = q.transport(eps, x)
    log_w = p.log_joint(x, z) - q.frozen_log_prob(z, x)
    s = -q(x, z.detach()) * (1 + (log_w - log_w.mean(0)).detach())
    return (log_w + c * (s - s.detach())).mean(0)
