import math
import torch
import torch.nn.functional as F
from torch import Tensor, nn

# %% right signs: the logistic of signed logits, samples in a loop
def vae_objective(encoder, decoder, x, eps):
    m, r = encoder(x).chunk(2, -1)
    kl = (0.5 * m * m + 0.5 * torch.expm1(2 * r) - r).sum(-1)
    total = 0.0
    for e in eps:
        logits = decoder(m + r.exp() * e)
        total = total + F.logsigmoid((2 * x - 1) * logits).sum(-1)
    return total / len(eps) - kl

# %% right torch_distributions: Bernoulli with logits and torch's own divergence
def vae_objective(encoder, decoder, x, eps):
    out = encoder(x)
    d = eps.shape[-1]
    q = torch.distributions.Normal(out[..., :d], out[..., d:].exp())
    prior = torch.distributions.Normal(torch.zeros((), dtype=out.dtype), torch.ones((), dtype=out.dtype))
    z = torch.addcmul(q.loc, q.scale, eps) if q.loc.shape == eps.shape else q.loc + q.scale * eps
    like = torch.distributions.Independent(torch.distributions.Bernoulli(logits=decoder(z)), 1)
    return torch.einsum("k...->...", like.log_prob(x.expand(z.shape[0], *x.shape))) / z.shape[0] - torch.distributions.kl_divergence(q, prior).sum(-1)

# %% wrong mean_latent: decodes the mean of the samples, right for K = 1
def vae_objective(encoder, decoder, x, eps):
    m, r = encoder(x).chunk(2, -1)
    logits = decoder((m + r.exp() * eps).mean(0))
    return -F.binary_cross_entropy_with_logits(logits, x, reduction="none").sum(-1) - (0.5 * (m * m + (2 * r).exp() - 1) - r).sum(-1)

# %% wrong mean_logits: averages logits over the samples, right for K = 1
def vae_objective(encoder, decoder, x, eps):
    m, r = encoder(x).chunk(2, -1)
    logits = decoder(m + r.exp() * eps).mean(0)
    return -F.binary_cross_entropy_with_logits(logits, x, reduction="none").sum(-1) - (0.5 * (m * m + (2 * r).exp() - 1) - r).sum(-1)

# %% wrong probabilities: binary cross entropy of probabilities, which clamps logarithms at -100
def vae_objective(encoder, decoder, x, eps):
    m, r = encoder(x).chunk(2, -1)
    probs = decoder(m + r.exp() * eps).sigmoid()
    like = -F.binary_cross_entropy(probs, x.expand_as(probs), reduction="none").sum(-1).mean(0)
    return like - (0.5 * (m * m + (2 * r).exp() - 1) - r).sum(-1)

# %% wrong clamped_logits: clamps logits to [-30, 30]
def vae_objective(encoder, decoder, x, eps):
    m, r = encoder(x).chunk(2, -1)
    logits = decoder(m + r.exp() * eps).clamp(-30, 30)
    like = (x * logits - F.softplus(logits)).sum(-1).mean(0)
    return like - (0.5 * (m * m + (2 * r).exp() - 1) - r).sum(-1)

# %% wrong free_bits: latents below half a nat are not charged less than that
def vae_objective(encoder, decoder, x, eps):
    m, r = encoder(x).chunk(2, -1)
    logits = decoder(m + r.exp() * eps)
    like = (x * logits - F.softplus(logits)).sum(-1).mean(0)
    return like - (0.5 * (m * m + (2 * r).exp() - 1) - r).clamp(min=0.5).sum(-1)

# %% wrong batch_kl: the divergence is averaged over the data
def vae_objective(encoder, decoder, x, eps):
    m, r = encoder(x).chunk(2, -1)
    logits = decoder(m + r.exp() * eps)
    like = (x * logits - F.softplus(logits)).sum(-1).mean(0)
    return like - (0.5 * (m * m + (2 * r).exp() - 1) - r).sum(-1).mean()

# %% wrong log_mean: the logarithm of the mean likelihood in place of the mean of the logarithms, the same for K = 1
def vae_objective(encoder, decoder, x, eps):
    m, r = encoder(x).chunk(2, -1)
    logits = decoder(m + r.exp() * eps)
    like = torch.logsumexp((x * logits - F.softplus(logits)).sum(-1), 0) - math.log(len(eps))
    return like - (0.5 * (m * m + (2 * r).exp() - 1) - r).sum(-1)

# %% wrong sampled_kl: the divergence is estimated from the samples
def vae_objective(encoder, decoder, x, eps):
    m, r = encoder(x).chunk(2, -1)
    z = m + r.exp() * eps
    logits = decoder(z)
    return ((x * logits - F.softplus(logits)).sum(-1) - (0.5 * z * z - 0.5 * eps * eps - r).sum(-1)).mean(0)

# %% wrong kl_number: the divergence is a plain number, the value is right
def vae_objective(encoder, decoder, x, eps):
    m, r = encoder(x).chunk(2, -1)
    logits = decoder(m + r.exp() * eps)
    like = (x * logits - F.softplus(logits)).sum(-1).mean(0)
    with torch.no_grad():
        kl = (0.5 * (m * m + (2 * r).exp() - 1) - r).sum(-1)
    return like - kl

# %% wrong softplus_threshold: log(1 + exp(logit)) as written, infinite for large logits
def vae_objective(encoder, decoder, x, eps):
    m, r = encoder(x).chunk(2, -1)
    logits = decoder(m + r.exp() * eps)
    like = (x * logits - torch.log1p(logits.exp())).sum(-1).mean(0)
    return like - (0.5 * (m * m + (2 * r).exp() - 1) - r).sum(-1)

# %% wrong scale_dead_in_z: the scale is a plain number inside z, so the encoder's scales learn from the divergence only
def vae_objective(encoder, decoder, x, eps):
    m, r = encoder(x).chunk(2, -1)
    logits = decoder(m + r.exp().detach() * eps)
    like = (x * logits - F.softplus(logits)).sum(-1).mean(0)
    return like - (0.5 * (m * m + (2 * r).exp() - 1) - r).sum(-1)

# %% wrong shared_noise: one noise for all data of the batch
def vae_objective(encoder, decoder, x, eps):
    m, r = encoder(x).chunk(2, -1)
    e = eps[:, :1].expand_as(eps) if x.dim() > 1 else eps
    logits = decoder(m + r.exp() * e)
    return (x * logits - F.softplus(logits)).sum(-1).mean(0) - (0.5 * (m * m + (2 * r).exp() - 1) - r).sum(-1)
