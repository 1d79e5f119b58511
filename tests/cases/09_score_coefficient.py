import torch


def estimate(p, q, x, eps, c):
    z = q.transport(eps, x)
    return (p.log_joint(x, z) - (1 - c) * q.frozen_log_prob(z, x) - c * q(x, z)).mean(0)


# %% right loop_over_data: q is asked datum by datum.
def score_coefficient(p, q, x, eps, c):
    return torch.cat([estimate(p, q, x[b : b + 1], eps[:, b : b + 1], c) for b in range(len(x))])


# %% wrong batch_mean: Every row carries the batch's mean gradient.
def score_coefficient(p, q, x, eps, c):
    value = estimate(p, q, x, eps, c)
    loss = value.mean()
    return value.detach() + (loss - loss.detach())


# %% wrong forgotten_axis: The score term is averaged over samples and data: an axis was forgotten.
def score_coefficient(p, q, x, eps, c):
    z = q.transport(eps, x)
    s = q(x, z.detach()).mean()
    return (p.log_joint(x, z) - q.frozen_log_prob(z, x)).mean(0) - c * (s - s.detach())


# %% wrong c_clamped: c is kept between 0 and 1.
# not told: c has no effect
def score_coefficient(p, q, x, eps, c):
    return estimate(p, q, x, eps, min(max(c, 0.0), 1.0))


# %% wrong three_values: Only c = 1, 0 and -1 are handled.
# not told: c has no effect
def score_coefficient(p, q, x, eps, c):
    return estimate(p, q, x, eps, float(round(min(max(c, -1.0), 1.0))))


# %% wrong reinforce_weight: The score term is weighted by the log weight, as in REINFORCE.
# not told: c multiplies the path
# not told: nothing but the score term is left
def score_coefficient(p, q, x, eps, c):
    z = q.transport(eps, x)
    path = p.log_joint(x, z) - q.frozen_log_prob(z, x)
    s = -q(x, z.detach()) * path.detach()
    return (path + c * (s - s.detach())).mean(0)
