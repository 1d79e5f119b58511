import torch
from torch.distributions import Independent, Normal, kl_divergence


def kl(loc_q, log_scale_q, loc_p, log_scale_p):
    return kl_divergence(
        Independent(Normal(loc_q, log_scale_q.exp()), 1),
        Independent(Normal(loc_p, log_scale_p.exp()), 1),
    )


# %% right vmap: A function of four numbers, mapped and summed.
def gaussian_kl(loc_q, log_scale_q, loc_p, log_scale_p):
    one = lambda m, r, n, t: t - r + 0.5 * ((2 * (r - t)).exp() + (m - n) ** 2 * (-2 * t).exp() - 1)
    flat = [v.reshape(-1) for v in (loc_q, log_scale_q, loc_p, log_scale_p)]
    return torch.func.vmap(one)(*flat).reshape(loc_q.shape).sum(-1)


# %% wrong half_lost: The constant, minus a half per coordinate, is lost.
# not told: The factor one half belongs to all but the logarithm
def gaussian_kl(loc_q, log_scale_q, loc_p, log_scale_p):
    return kl(loc_q, log_scale_q, loc_p, log_scale_p) + 0.5 * loc_q.shape[-1]


# %% wrong not_a_number: 0/0 somewhere: NaN everywhere.
# not told: exponentiate it before use
def gaussian_kl(loc_q, log_scale_q, loc_p, log_scale_p):
    zero = loc_q - loc_q
    return kl(loc_q, log_scale_q, loc_p, log_scale_p) + (zero / zero).sum(-1)


# %% wrong keepdim: On one datum an axis too many: shape (1,).
# not told: one number per coordinate
def gaussian_kl(loc_q, log_scale_q, loc_p, log_scale_p):
    out = kl(loc_q, log_scale_q, loc_p, log_scale_p)
    return out.reshape(1) if out.dim() == 0 else out


# %% wrong tuple_of_one: A comma too many: a tuple that holds the answer.
# not told: one number per coordinate
def gaussian_kl(loc_q, log_scale_q, loc_p, log_scale_p):
    return (kl(loc_q, log_scale_q, loc_p, log_scale_p),)


# %% wrong stub_behind_if: Written for a batch only: the stub stands behind an if.
# not told: NOT YET WRITTEN
# not told: Nothing to test yet
def gaussian_kl(loc_q, log_scale_q, loc_p, log_scale_p):
    if loc_q.dim() != 2:
        raise NotImplementedError
    return kl(loc_q, log_scale_q, loc_p, log_scale_p)


# %% wrong squeezed: The result is squeezed, so batch axes of size one are lost.
def gaussian_kl(loc_q, log_scale_q, loc_p, log_scale_p):
    r = 2 * (log_scale_q - log_scale_p)
    shift = (loc_q - loc_p).square() / (2 * log_scale_p).exp()
    return 0.5 * (r.exp() - r - 1 + shift).sum(-1).squeeze()
