import math

import torch
from torch.distributions import Normal


def estimate(p, encoder, x, eps):
    m, r = encoder(x).chunk(2, -1)
    z = m + r.exp() * eps
    return (p.log_joint(x, z) - Normal(m, r.exp()).log_prob(z).sum(-1)).mean(0)


# %% right loop_over_data: The encoder is asked datum by datum.
def amortized_elbo(p, encoder, x, eps):
    out = []
    for b in range(len(x)):
        m, r = encoder(x[b : b + 1]).chunk(2, -1)
        z = m + r.exp() * eps[:, b : b + 1]
        out.append((p.log_joint(x[b : b + 1], z) - Normal(m, r.exp()).log_prob(z).sum(-1)).mean(0))
    return torch.cat(out)


# %% right loop_over_flattened_rows: Rows without a batch, flattened first.
def amortized_elbo(p, encoder, x, eps):
    rows, noise = x.reshape(-1, x.shape[-1]), eps.reshape(len(eps), -1, eps.shape[-1])
    return torch.stack(
        [estimate(p, encoder, rows[b], noise[:, b]) for b in range(len(rows))]
    ).reshape(x.shape[:-1])


# %% right vmap: vmap over the data.
def amortized_elbo(p, encoder, x, eps):
    one = lambda row, noise: estimate(p, encoder, row, noise)
    return torch.func.vmap(one, (0, 1))(x, eps)


# %% wrong batch_mean: Every row carries the batch's mean gradient.
def amortized_elbo(p, encoder, x, eps):
    value = estimate(p, encoder, x, eps)
    loss = value.mean()
    return value.detach() + (loss - loss.detach())


# %% wrong neighbour: Each row carries its neighbour's gradient.
def amortized_elbo(p, encoder, x, eps):
    value = estimate(p, encoder, x, eps)
    g = value.roll(1, -1)
    return value.detach() + (g - g.detach())


# %% wrong encoder_dead: The encoder runs under no_grad.
# not told: share one draw
def amortized_elbo(p, encoder, x, eps):
    with torch.no_grad():
        m, r = encoder(x).chunk(2, -1)
    z = m + r.exp() * eps
    return (p.log_joint(x, z) - Normal(m, r.exp()).log_prob(z).sum(-1)).mean(0)


# %% wrong p_detached: z is detached inside log p.
# not told: share one draw
def amortized_elbo(p, encoder, x, eps):
    m, r = encoder(x).chunk(2, -1)
    z = m + r.exp() * eps
    return (p.log_joint(x, z.detach()) - Normal(m, r.exp()).log_prob(z).sum(-1)).mean(0)
