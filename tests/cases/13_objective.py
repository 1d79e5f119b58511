import math

import torch
import torch.nn.functional as F


def parts(encoder, decoder, x, eps):
    loc, log_scale = encoder(x).chunk(2, -1)
    logits = decoder(loc + log_scale.exp() * eps)
    log_p = -F.binary_cross_entropy_with_logits(logits, x.expand_as(logits), reduction="none").sum(
        -1
    )
    return log_p.mean(0), (0.5 * (loc**2 + (2 * log_scale).exp() - 1) - log_scale).sum(-1)


def objective(encoder, decoder, x, eps):
    reconstruction, kl = parts(encoder, decoder, x, eps)
    return reconstruction - kl


def surrogate(value, s):
    return value.detach() + (s - s.detach())


# %% right loop_over_data: One image at a time.
def vae_objective(encoder, decoder, x, eps):
    if x.dim() == 1:
        return objective(encoder, decoder, x, eps)
    return torch.stack([vae_objective(encoder, decoder, x[b], eps[:, b]) for b in range(len(x))])


# %% right loop_over_samples: One draw at a time; logsigmoid for both kinds of pixel.
def vae_objective(encoder, decoder, x, eps):
    loc, log_scale = encoder(x).chunk(2, -1)
    total = 0.0
    for e in eps:
        logits = decoder(loc + log_scale.exp() * e)
        total = total + (x * F.logsigmoid(logits) + (1 - x) * F.logsigmoid(-logits)).sum(-1)
    return total / len(eps) - (0.5 * (loc**2 + (2 * log_scale).exp() - 1) - log_scale).sum(-1)


# %% right class: An object with a method per term.
class Objective:
    def __call__(self, encoder, decoder, x, eps):
        reconstruction, kl = parts(encoder, decoder, x, eps)
        return torch.sub(reconstruction, kl)


vae_objective = Objective()


# %% wrong destroys: The noise is stretched in place.
def vae_objective(encoder, decoder, x, eps):
    value = objective(encoder, decoder, x, eps.clone())
    eps.mul_(2.0)
    return value


# %% wrong destroys_x: The pixels are turned into signs in place.
def vae_objective(encoder, decoder, x, eps):
    value = objective(encoder, decoder, x.clone(), eps)
    x.mul_(2).sub_(1)
    return value


# %% wrong batch_mean: Every row carries the batch's mean gradient.
def vae_objective(encoder, decoder, x, eps):
    value = objective(encoder, decoder, x, eps)
    return surrogate(value, value.mean().expand_as(value))


# %% wrong neighbour: Each row carries its neighbour's gradient.
def vae_objective(encoder, decoder, x, eps):
    value = objective(encoder, decoder, x, eps)
    return surrogate(value, value.reshape(-1).roll(1).reshape(value.shape))


# %% wrong kl_of_the_batch: The KL's gradient is the batch's mean in every row.
def vae_objective(encoder, decoder, x, eps):
    reconstruction, kl = parts(encoder, decoder, x, eps)
    return reconstruction - surrogate(kl, kl.mean().expand_as(kl))


# %% wrong log_scale_clamped: Log scales are kept between -4 and 4.
def vae_objective(encoder, decoder, x, eps):
    loc, log_scale = encoder(x).chunk(2, -1)
    return objective(lambda _: torch.cat([loc, log_scale.clamp(-4, 4)], -1), decoder, x, eps)


# %% wrong logits_clamped: Logits beyond a hundred are cut off.
def vae_objective(encoder, decoder, x, eps):
    return objective(encoder, lambda z: decoder(z).clamp(-100, 100), x, eps)


# %% wrong pixel_floor: Each pixel's log-probability is kept above -50.
def vae_objective(encoder, decoder, x, eps):
    loc, log_scale = encoder(x).chunk(2, -1)
    logits = decoder(loc + log_scale.exp() * eps)
    pixels = -F.binary_cross_entropy_with_logits(
        logits, x.expand_as(logits), reduction="none"
    ).clamp(max=50.0)
    return pixels.sum(-1).mean(0) - (0.5 * (loc**2 + (2 * log_scale).exp() - 1) - log_scale).sum(-1)


# %% wrong pixels_inverted: Zeros and ones are taken for each other.
# not told: sigmoid rounds
def vae_objective(encoder, decoder, x, eps):
    loc_log_scale = encoder(x)
    return objective(lambda _: loc_log_scale, decoder, 1 - x, eps)


# %% wrong kl_halved: Half of the KL.
# not told: averaged the KL over the latents
# not told: the reconstruction term alone
# not told: sigmoid rounds
def vae_objective(encoder, decoder, x, eps):
    reconstruction, kl = parts(encoder, decoder, x, eps)
    return reconstruction - 0.5 * kl
