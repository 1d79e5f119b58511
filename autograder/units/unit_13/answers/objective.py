# %% right bce_with_logits: Binary cross-entropy from logits, the KL by formula.
import torch.nn.functional as F


def vae_objective(encoder, decoder, x, eps):
    loc, log_scale = encoder(x).chunk(2, -1)
    z = loc + log_scale.exp() * eps
    logits = decoder(z)
    log_likelihood = -F.binary_cross_entropy_with_logits(logits, x.expand_as(logits), reduction="none").sum(-1)
    kl = (0.5 * (loc**2 + (2 * log_scale).exp() - 1) - log_scale).sum(-1)
    return log_likelihood.mean(0) - kl


# %% right loop_over_samples: One sample at a time, pixels by softplus.
import torch
import torch.nn.functional as F


def vae_objective(encoder, decoder, x, eps):
    written = encoder(x)
    latents = written.shape[-1] // 2
    loc, log_scale = written[..., :latents], written[..., latents:]
    kl = (loc.square() / 2 + torch.expm1(2 * log_scale) / 2 - log_scale).sum(dim=-1)
    total = 0
    for noise in eps:
        logits = decoder(loc + torch.exp(log_scale) * noise)
        total = total + (x * logits - F.softplus(logits)).sum(dim=-1)
    return total / len(eps) - kl


# %% right one_datum_at_a_time: A loop over the data, as deep as there are axes; one sample is a row.
import torch
import torch.nn.functional as F


def vae_objective(encoder, decoder, x, eps):
    if x.dim() > 1:
        return torch.stack([vae_objective(encoder, decoder, row, eps[:, i]) for i, row in enumerate(x)])
    loc, log_scale = encoder(x).chunk(2)
    logits = torch.stack([decoder(loc + log_scale.exp() * noise) for noise in eps])
    log_likelihood = (x * F.logsigmoid(logits) + (1 - x) * F.logsigmoid(-logits)).sum() / len(eps)
    return log_likelihood - (0.5 * (loc**2 + torch.expm1(2 * log_scale)) - log_scale).sum()


# %% right torch_distributions: Torch.distributions from end to end.
import torch
from torch.distributions import Bernoulli, Independent, Normal, kl_divergence


def vae_objective(encoder, decoder, x, eps):
    loc, log_scale = encoder(x).chunk(2, dim=-1)
    scale = torch.exp(log_scale)
    q, prior = Normal(loc, scale), Normal(torch.zeros_like(loc), torch.ones_like(scale))
    likelihood = Independent(Bernoulli(logits=decoder(loc + scale * eps)), 1)
    return likelihood.log_prob(x).mean(0) - kl_divergence(q, prior).sum(-1)


# %% wrong kl_added, from right bce_with_logits: The KL is added. It is a cost: subtract it.
# diagnosis: kl_sign
#-     return log_likelihood.mean(0) - kl
#+     return log_likelihood.mean(0) + kl


# %% wrong kl_missing, from right bce_with_logits: This is the reconstruction term alone. Subtract the KL to the prior.
# diagnosis: kl_missing
#-     return log_likelihood.mean(0) - kl
#+     return log_likelihood.mean(0)


# %% wrong kl_of_log_variance, from right bce_with_logits: The sample is right, but the KL reads log_scale as a log variance.
# diagnosis: kl_of_log_variance
#-     kl = (0.5 * (loc**2 + (2 * log_scale).exp() - 1) - log_scale).sum(-1)
#+     kl = -0.5 * (1 + log_scale - loc**2 - log_scale.exp()).sum(-1)


# %% wrong kl_reversed, from right bce_with_logits: This is KL(prior || q). The expectation is under q: KL(q || prior).
# diagnosis: kl_reversed
#-     kl = (0.5 * (loc**2 + (2 * log_scale).exp() - 1) - log_scale).sum(-1)
#+     kl = (log_scale + 0.5 * (1 + loc**2) / (2 * log_scale).exp() - 0.5).sum(-1)


# %% wrong log_of_sigmoid, from right bce_with_logits: sigmoid rounds to 0 or 1 and its logarithm overflows (or was clamped).
# diagnosis: log_of_sigmoid
#-     log_likelihood = -F.binary_cross_entropy_with_logits(logits, x.expand_as(logits), reduction="none").sum(-1)
#+     log_likelihood = -F.binary_cross_entropy(logits.sigmoid(), x.expand_as(logits), reduction="none").sum(-1)


# %% wrong log_scale_as_scale, from right bce_with_logits: log_scale is the logarithm of s: z = loc + exp(log_scale) * eps.
# diagnosis: log_scale_as_scale
#-     z = loc + log_scale.exp() * eps
#+     z = loc + log_scale * eps


# %% wrong log_variance, from right bce_with_logits: You read the encoder's second half as log variances.
# diagnosis: log_scale_as_log_variance
#-     z = loc + log_scale.exp() * eps
#+     z = loc + (0.5 * log_scale).exp() * eps
#@@
#-     kl = (0.5 * (loc**2 + (2 * log_scale).exp() - 1) - log_scale).sum(-1)
#+     kl = -0.5 * (1 + log_scale - loc**2 - log_scale.exp()).sum(-1)


# %% wrong loss, from right bce_with_logits: This is the negative ELBO, a loss. Return the ELBO itself, the thing to climb.
# diagnosis: loss_sign
#-     return log_likelihood.mean(0) - kl
#+     return kl - log_likelihood.mean(0)


# %% wrong mean_over_batch, from right bce_with_logits: You averaged over the batch as well. One number for each datum.
# diagnosis: mean_over_batch
#-     return log_likelihood.mean(0) - kl
#+     return (log_likelihood.mean(0) - kl).mean()


# %% wrong mean_over_pixels, from right bce_with_logits: You averaged over the pixels. log p(x | z) of independent pixels is a *sum*; with a mean the KL outweighs it Dx times, and the latents collapse.
# diagnosis: mean_over_pixels
#-     log_likelihood = -F.binary_cross_entropy_with_logits(logits, x.expand_as(logits), reduction="none").sum(-1)
#+     log_likelihood = -F.binary_cross_entropy_with_logits(logits, x.expand_as(logits), reduction="none").mean(-1)


# %% wrong no_mean, from right bce_with_logits: You returned one number per sample. Average over the K samples, axis 0.
# diagnosis: no_mean
#-     return log_likelihood.mean(0) - kl
#+     return log_likelihood - kl


# %% wrong no_noise, from right bce_with_logits: You decoded the mean. The expectation is over z = loc + exp(log_scale) * eps: use eps.
# diagnosis: no_noise
#-     z = loc + log_scale.exp() * eps
#+     z = (loc + 0 * eps)


# %% wrong own_noise, from right bce_with_logits: You drew noise of your own. Use eps: z = loc + exp(log_scale) * eps.
# diagnosis: generic_own_noise
import torch
import torch.nn.functional as F


def vae_objective(encoder, decoder, x, eps):
    loc, log_scale = encoder(x).chunk(2, -1)
    logits = decoder(loc + log_scale.exp() * torch.randn_like(eps))
    kl = (0.5 * (loc**2 + (2 * log_scale).exp() - 1) - log_scale).sum(-1)
    return (x * F.logsigmoid(logits) + (1 - x) * F.logsigmoid(-logits)).sum(-1).mean(0) - kl


# %% wrong sample_detached, from right bce_with_logits: The gradient of the reconstruction does not reach the encoder: something was detached between the encoder's numbers and z.
# diagnosis: sample_detached
#-     z = loc + log_scale.exp() * eps
#+     z = (loc + log_scale.exp() * eps).detach()


# %% wrong sample_of_log_variance, from right bce_with_logits: The KL is right, but the sample reads log_scale as a log variance: z = loc + exp(log_scale) * eps.
# diagnosis: sample_of_log_variance
#-     z = loc + log_scale.exp() * eps
#-     logits = decoder(z)
#-     log_likelihood = -F.binary_cross_entropy_with_logits(logits, x.expand_as(logits), reduction="none").sum(-1)
#+     logits = decoder(loc + (log_scale / 2).exp() * eps)
#@@
#-     return log_likelihood.mean(0) - kl
#+     return (x * F.logsigmoid(logits) + (1 - x) * F.logsigmoid(-logits)).sum(-1).mean(0) - kl


# %% wrong sampled_kl, from right bce_with_logits: Right on average, but the KL was estimated from the samples.
# diagnosis: sampled_kl
#  import torch.nn.functional as F
#+ from torch.distributions import Normal
#@@
#      loc, log_scale = encoder(x).chunk(2, -1)
#+     q = Normal(loc, log_scale.exp())
#@@
#-     kl = (0.5 * (loc**2 + (2 * log_scale).exp() - 1) - log_scale).sum(-1)
#-     return log_likelihood.mean(0) - kl
#+     kl = (q.log_prob(z) - Normal(0.0, 1.0).log_prob(z)).sum(-1)
#+     return (log_likelihood - kl).mean(0)


# %% wrong sigmoid_twice, from right bce_with_logits: The sigmoid is applied twice. The decoder writes logits, and the function you call expects logits too.
# diagnosis: sigmoid_twice
#-     log_likelihood = -F.binary_cross_entropy_with_logits(logits, x.expand_as(logits), reduction="none").sum(-1)
#+     log_likelihood = -F.binary_cross_entropy_with_logits(logits.sigmoid(), x.expand_as(logits), reduction="none").sum(-1)


# %% wrong squared_error, from right bce_with_logits: This is a squared error. The pixels are bits: log p(x | z) = sum x log p + (1 - x) log(1 - p).
# diagnosis: squared_error
#- import torch.nn.functional as F
#-
#-
#@@
#-     log_likelihood = -F.binary_cross_entropy_with_logits(logits, x.expand_as(logits), reduction="none").sum(-1)
#+     log_likelihood = -(x - logits.sigmoid()).square().sum(-1)


# %% wrong sum_over_samples, from right bce_with_logits: The expectation of log p(x | z) is estimated by the *mean* over the K samples, not by their sum.
# diagnosis: sum_over_samples
#-     return log_likelihood.mean(0) - kl
#+     return log_likelihood.sum(0) - kl
