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


# %% wrong kl_added, from right bce_with_logits: The KL is added: in a loss it is, and the sign was not turned when the loss became a bound.
# diagnosis: kl_sign
#-     return log_likelihood.mean(0) - kl
#+     return log_likelihood.mean(0) + kl


# %% wrong kl_missing, from right bce_with_logits: The reconstruction alone, which is an ordinary autoencoder with noise: nothing keeps the codes near the prior.
# diagnosis: kl_missing
#-     return log_likelihood.mean(0) - kl
#+     return log_likelihood.mean(0)


# %% wrong kl_of_log_variance, from right bce_with_logits: Samples with exp(log_scale), but the KL is the published one for log variances: the two halves of the code disagree.
# diagnosis: kl_of_log_variance
#-     kl = (0.5 * (loc**2 + (2 * log_scale).exp() - 1) - log_scale).sum(-1)
#+     kl = -0.5 * (1 + log_scale - loc**2 - log_scale.exp()).sum(-1)


# %% wrong kl_reversed, from right bce_with_logits: KL(prior || q) in place of KL(q || prior): the arguments are exchanged, and a narrow q pays without measure.
# diagnosis: kl_reversed
#-     kl = (0.5 * (loc**2 + (2 * log_scale).exp() - 1) - log_scale).sum(-1)
#+     kl = (log_scale + 0.5 * (1 + loc**2) / (2 * log_scale).exp() - 0.5).sum(-1)


# %% wrong log_of_sigmoid, from right bce_with_logits: Probabilities first, logarithms after: where sigmoid rounds to 0 or 1 PyTorch cuts the logarithm off at -100.
# diagnosis: log_of_sigmoid
#-     log_likelihood = -F.binary_cross_entropy_with_logits(logits, x.expand_as(logits), reduction="none").sum(-1)
#+     log_likelihood = -F.binary_cross_entropy(logits.sigmoid(), x.expand_as(logits), reduction="none").sum(-1)


# %% wrong log_scale_as_scale, from right bce_with_logits: Stretches the noise by log_scale itself: the exponential between what the encoder writes and s is forgotten.
# diagnosis: log_scale_as_scale
#-     z = loc + log_scale.exp() * eps
#+     z = loc + log_scale * eps


# %% wrong log_variance, from right bce_with_logits: Sample and KL both read the second half as log variances, as most published code does. Consistent, and another q.
# diagnosis: log_scale_as_log_variance
#-     z = loc + log_scale.exp() * eps
#+     z = loc + (0.5 * log_scale).exp() * eps
#@@
#-     kl = (0.5 * (loc**2 + (2 * log_scale).exp() - 1) - log_scale).sum(-1)
#+     kl = -0.5 * (1 + log_scale - loc**2 - log_scale.exp()).sum(-1)


# %% wrong loss, from right bce_with_logits: Returns minus the ELBO, the loss of an optimizer that minimizes; what is asked for is the bound.
# diagnosis: loss_sign
#-     return log_likelihood.mean(0) - kl
#+     return kl - log_likelihood.mean(0)


# %% wrong mean_over_batch, from right bce_with_logits: Averaged over the data as well, as a training loop wants it: each datum's own bound is gone.
# diagnosis: mean_over_batch
#-     return log_likelihood.mean(0) - kl
#+     return (log_likelihood.mean(0) - kl).mean()


# %% wrong mean_over_pixels, from right bce_with_logits: The default of a loss function, a mean over pixels: the KL outweighs the reconstruction Dx times, and the latents collapse.
# diagnosis: mean_over_pixels
#-     log_likelihood = -F.binary_cross_entropy_with_logits(logits, x.expand_as(logits), reduction="none").sum(-1)
#+     log_likelihood = -F.binary_cross_entropy_with_logits(logits, x.expand_as(logits), reduction="none").mean(-1)


# %% wrong no_mean, from right bce_with_logits: One number for each sample: the expectation over the noise is not taken, which no shape complains about where K is 1.
# diagnosis: no_mean
#-     return log_likelihood.mean(0) - kl
#+     return log_likelihood - kl


# %% wrong no_noise, from right bce_with_logits: Decodes the mean, as one does when reconstructing: without noise nothing makes the encoder's scale matter but the KL.
# diagnosis: no_noise
#-     z = loc + log_scale.exp() * eps
#+     z = (loc + 0 * eps)


# %% wrong own_noise, from right bce_with_logits: Draws noise of its own where eps is given: right on average, and nothing can be compared or reproduced.
# diagnosis: stateful
import torch
import torch.nn.functional as F


def vae_objective(encoder, decoder, x, eps):
    loc, log_scale = encoder(x).chunk(2, -1)
    logits = decoder(loc + log_scale.exp() * torch.randn_like(eps))
    kl = (0.5 * (loc**2 + (2 * log_scale).exp() - 1) - log_scale).sum(-1)
    return (x * F.logsigmoid(logits) + (1 - x) * F.logsigmoid(-logits)).sum(-1).mean(0) - kl


# %% wrong sample_detached, from right bce_with_logits: z is detached, as if sampling had no gradient: the decoder learns, the encoder hears of the KL alone.
# diagnosis: sample_detached
#-     z = loc + log_scale.exp() * eps
#+     z = (loc + log_scale.exp() * eps).detach()


# %% wrong sample_of_log_variance, from right bce_with_logits: The KL is right and the sample reads log_scale as a log variance: q is sampled too wide where it is narrow.
# diagnosis: sample_of_log_variance
#-     z = loc + log_scale.exp() * eps
#-     logits = decoder(z)
#-     log_likelihood = -F.binary_cross_entropy_with_logits(logits, x.expand_as(logits), reduction="none").sum(-1)
#+     logits = decoder(loc + (log_scale / 2).exp() * eps)
#@@
#-     return log_likelihood.mean(0) - kl
#+     return (x * F.logsigmoid(logits) + (1 - x) * F.logsigmoid(-logits)).sum(-1).mean(0) - kl


# %% wrong sampled_kl, from right bce_with_logits: The KL is estimated from the samples, log q - log p: right on average, and noisier than the closed form asked for.
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


# %% wrong sigmoid_twice, from right bce_with_logits: Hands probabilities to a function that expects logits: the sigmoid is applied twice, and every pixel is nearly a coin.
# diagnosis: sigmoid_twice
#-     log_likelihood = -F.binary_cross_entropy_with_logits(logits, x.expand_as(logits), reduction="none").sum(-1)
#+     log_likelihood = -F.binary_cross_entropy_with_logits(logits.sigmoid(), x.expand_as(logits), reduction="none").sum(-1)


# %% wrong squared_error, from right bce_with_logits: A squared error between picture and probabilities, as for real-valued pixels: that is not log p of bits.
# diagnosis: squared_error
#- import torch.nn.functional as F
#-
#-
#@@
#-     log_likelihood = -F.binary_cross_entropy_with_logits(logits, x.expand_as(logits), reduction="none").sum(-1)
#+     log_likelihood = -(x - logits.sigmoid()).square().sum(-1)


# %% wrong sum_over_samples, from right bce_with_logits: Sums over the samples where the expectation wants a mean: with K samples the reconstruction counts K times.
# diagnosis: sum_over_samples
#-     return log_likelihood.mean(0) - kl
#+     return log_likelihood.sum(0) - kl


# %% wrong batch_gradient, from right bce_with_logits: The value is each datum's own, the gradient the batch's mean: a surrogate built from the loss of the whole batch.
# diagnosis: batch_gradient
#-     return log_likelihood.mean(0) - kl
#+     bound = log_likelihood.mean(0) - kl
#+     return bound.detach() + (bound.mean() - bound.mean().detach())


# %% wrong log_scale_clamped, from right bce_with_logits: Keeps log scales between -4 and 4 for stability: where the encoder goes beyond, value and gradient are another q's.
# diagnosis: value
#-     z = loc + log_scale.exp() * eps
#+     log_scale = log_scale.clamp(-4, 4)
#+     z = loc + log_scale.exp() * eps
