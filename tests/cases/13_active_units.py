import numpy as np
import torch


def numbers(encoder, x):
    loc, log_scale = encoder(x).chunk(2, -1)
    return loc, (0.5 * (loc**2 + (2 * log_scale).exp() - 1) - log_scale)


# %% right loop_over_rows: One row at a time; a list of two.
def unit_activity(encoder, x):
    pairs = [numbers(encoder, row) for row in x]
    loc, kl = torch.stack([a for a, _ in pairs]), torch.stack([b for _, b in pairs])
    return [((loc - loc.mean(0)) ** 2).sum(0) / (len(x) - 1), sum(kl) / len(x)]


# %% right numpy_stacked: NumPy, both results in one array.
def unit_activity(encoder, x):
    with torch.no_grad():
        loc, kl = (v.numpy() for v in numbers(encoder, x))
    return np.stack([loc.var(0, ddof=1), kl.mean(0)])


# %% wrong cut_off: Activities below the threshold are set to zero.
def unit_activity(encoder, x):
    loc, kl = numbers(encoder, x)
    a = loc.var(0)
    return torch.where(a > 0.01, a, torch.zeros_like(a)), kl.mean(0)


# %% wrong inactive_cost_nothing: The divergence of inactive latents is set to zero.
# not told: Return the activities first
def unit_activity(encoder, x):
    loc, kl = numbers(encoder, x)
    return loc.var(0), kl.mean(0) * (loc.var(0) > 0.01)


# %% wrong first_hundred: Only the first hundred rows.
def unit_activity(encoder, x):
    loc, kl = numbers(encoder, x[:100])
    return loc.var(0), kl.mean(0)


# %% wrong minibatches: Variance within minibatches of a hundred, averaged.
def unit_activity(encoder, x):
    loc, kl = numbers(encoder, x)
    parts = loc.split(100)
    return torch.stack([part.var(0) * len(part) for part in parts if len(part) > 1]).sum(0) / len(
        x
    ), kl.mean(0)


# %% wrong activity_at_most_one: "No latent is more active than the prior": cut off at one.
def unit_activity(encoder, x):
    loc, kl = numbers(encoder, x)
    return loc.var(0).clamp(max=1.0), kl.mean(0)


# %% wrong destroys: The data are centred in place.
def unit_activity(encoder, x):
    loc, kl = numbers(encoder, x.clone())
    x -= x.mean(0)
    return loc.var(0), kl.mean(0)


# %% wrong sorted_apart: Each of the two results sorted by itself.
def unit_activity(encoder, x):
    loc, kl = numbers(encoder, x)
    return loc.var(0).sort(descending=True).values, kl.mean(0).sort(descending=True).values
