# %% right masked_product: A mask of zeros and ones, weights by hand.
import torch
import torch.nn.functional as F


def complete(decoder, x, observed, z, log_q):
    mask = observed.to(x.dtype)
    logits = decoder(z)
    safe = torch.where(observed, x, torch.zeros_like(x))   # what stands in the missing pixels never enters
    log_like = (mask * (safe * F.logsigmoid(logits) + (1 - safe) * F.logsigmoid(-logits))).sum(-1)
    log_w = log_like - 0.5 * z.square().sum(-1) - log_q
    w = torch.exp(log_w - log_w.max(dim=0, keepdim=True).values)
    w = w / w.sum(dim=0, keepdim=True)
    mean = torch.einsum("k...,k...i->...i", w, torch.sigmoid(logits))
    return safe + (1 - mask) * mean


# %% right one_datum_at_a_time: A loop over the data, torch.distributions.
import torch
from torch.distributions import Bernoulli, Normal


def complete(decoder, x, observed, z, log_q):
    pictures = []
    for b in range(len(x)):
        logits = decoder(z[:, b])
        seen = Bernoulli(logits=logits[:, observed]).log_prob(x[b, observed]).sum(-1)
        log_w = seen + Normal(0.0, 1.0).log_prob(z[:, b]).sum(-1) - log_q[:, b]
        weights = (log_w - torch.logsumexp(log_w, 0)).exp()
        picture = x[b].clone()
        picture[~observed] = weights @ logits[:, ~observed].sigmoid()
        pictures.append(picture)
    return torch.stack(pictures)


# %% right softmax: Softmax over the samples.
import torch
import torch.nn.functional as F


def complete(decoder, x, observed, z, log_q):
    logits = decoder(z)
    pixels = -F.binary_cross_entropy_with_logits(logits, x.expand_as(logits), reduction="none")
    log_like = torch.where(observed, pixels, 0.0).sum(-1)
    log_prior = -0.5 * (z**2).sum(-1)
    weights = torch.softmax(log_like + log_prior - log_q, 0)
    mean = (weights.unsqueeze(-1) * logits.sigmoid()).sum(0)
    return torch.where(observed, x, mean)


# %% wrong all_pixels, from right softmax: The weights look at the missing pixels too, whose values mean nothing.
# diagnosis: all_pixels
#-     log_like = torch.where(observed, pixels, 0.0).sum(-1)
#+     log_like = pixels.sum(-1)


# %% wrong averaged_logits, from right softmax: You averaged the logits. Average probabilities: the sigmoid comes before the mean, not after.
# diagnosis: averaged_logits
#-     pixels = -F.binary_cross_entropy_with_logits(logits, x.expand_as(logits), reduction="none")
#-     log_like = torch.where(observed, pixels, 0.0).sum(-1)
#-     log_prior = -0.5 * (z**2).sum(-1)
#-     weights = torch.softmax(log_like + log_prior - log_q, 0)
#-     mean = (weights.unsqueeze(-1) * logits.sigmoid()).sum(0)
#-     return torch.where(observed, x, mean)
#+     pixels = x * F.logsigmoid(logits) + (1 - x) * F.logsigmoid(-logits)
#+     log_w = pixels[..., observed].sum(-1) - 0.5 * z.square().sum(-1) - log_q
#+     weights = log_w.softmax(0).unsqueeze(-1)
#+     return torch.where(observed, x, (weights * logits).sum(0).sigmoid())


# %% wrong best_sample, from right softmax: You decoded the sample with the largest weight.
# diagnosis: best_sample
#-     log_like = torch.where(observed, pixels, 0.0).sum(-1)
#+     log_like = pixels[..., observed].sum(-1)
#@@
#-     mean = (weights.unsqueeze(-1) * logits.sigmoid()).sum(0)
#+     mean = logits.sigmoid()[weights.argmax(0), torch.arange(len(x))]


# %% wrong decoded_mean, from right softmax: You decoded the mean latent. The picture of the mean is not the mean of the pictures: average pictures.
# diagnosis: decoded_mean
#-     log_like = torch.where(observed, pixels, 0.0).sum(-1)
#+     log_like = pixels[..., observed].sum(-1)
#@@
#-     mean = (weights.unsqueeze(-1) * logits.sigmoid()).sum(0)
#+     mean = decoder((weights.unsqueeze(-1) * z).sum(0)).sigmoid()


# %% wrong drawn, from right softmax: Return probabilities, not zeros and ones, rounded or drawn.
# diagnosis: rounded
#-     pixels = -F.binary_cross_entropy_with_logits(logits, x.expand_as(logits), reduction="none")
#-     log_like = torch.where(observed, pixels, 0.0).sum(-1)
#-     log_prior = -0.5 * (z**2).sum(-1)
#-     weights = torch.softmax(log_like + log_prior - log_q, 0)
#-     mean = (weights.unsqueeze(-1) * logits.sigmoid()).sum(0)
#-     return torch.where(observed, x, mean)
#+     pixels = x * F.logsigmoid(logits) + (1 - x) * F.logsigmoid(-logits)
#+     log_w = pixels[..., observed].sum(-1) - 0.5 * z.square().sum(-1) - log_q
#+     weights = log_w.softmax(0).unsqueeze(-1)
#+     return torch.where(observed, x, torch.bernoulli((weights * logits.sigmoid()).sum(0)))


# %% wrong likelihood_only, from right softmax: Weights by the likelihood alone are right for z from the *prior*.
# diagnosis: likelihood_only
#-     log_like = torch.where(observed, pixels, 0.0).sum(-1)
#+     log_like = pixels[..., observed].sum(-1)
#@@
#-     weights = torch.softmax(log_like + log_prior - log_q, 0)
#+     weights = torch.softmax(log_like, 0)


# %% wrong mask_inverted, from right softmax: You kept the missing pixels and replaced the observed ones: True in `observed` means the pixel is there.
# diagnosis: mask_inverted
#-     log_like = torch.where(observed, pixels, 0.0).sum(-1)
#+     log_like = pixels[..., observed].sum(-1)
#@@
#-     return torch.where(observed, x, mean)
#+     return torch.where(observed, mean, x)


# %% wrong mean_over_pixels, from right softmax: log p(x_observed | z) is a sum over pixels, not a mean: with a mean the weights are far too even.
# diagnosis: mean_over_pixels
#-     log_like = torch.where(observed, pixels, 0.0).sum(-1)
#+     log_like = pixels[..., observed].mean(-1)


# %% wrong naive_exp, from right softmax: All weights are zero in floating point here, so that 0 / 0 is left.
# diagnosis: underflow
#-     log_like = torch.where(observed, pixels, 0.0).sum(-1)
#+     log_like = pixels[..., observed].sum(-1)
#@@
#-     weights = torch.softmax(log_like + log_prior - log_q, 0)
#+     weights = (log_like + log_prior - log_q).exp() / (log_like + log_prior - log_q).exp().sum(0)


# %% wrong observed_overwritten, from right softmax: The observed pixels were replaced by predictions.
# diagnosis: observed_overwritten
#-     log_like = torch.where(observed, pixels, 0.0).sum(-1)
#+     log_like = pixels[..., observed].sum(-1)
#@@
#-     return torch.where(observed, x, mean)
#+     return mean


# %% wrong other_axis, from right softmax: The weights were normalized over the data. Each datum has K weights of its own, one column of log_w: axis 0.
# diagnosis: weights_over_data
#-     pixels = -F.binary_cross_entropy_with_logits(logits, x.expand_as(logits), reduction="none")
#-     log_like = torch.where(observed, pixels, 0.0).sum(-1)
#-     log_prior = -0.5 * (z**2).sum(-1)
#-     weights = torch.softmax(log_like + log_prior - log_q, 0)
#-     mean = (weights.unsqueeze(-1) * logits.sigmoid()).sum(0)
#-     return torch.where(observed, x, mean)
#+     pixels = x * F.logsigmoid(logits) + (1 - x) * F.logsigmoid(-logits)
#+     log_w = pixels[..., observed].sum(-1) - 0.5 * z.square().sum(-1) - log_q
#+     weights = log_w.softmax(-1).unsqueeze(-1)
#+     return torch.where(observed, x, (weights * logits.sigmoid()).sum(0))


# %% wrong prior_missing, from right softmax: The prior is missing from the weights: w = p(x_observed | z) p(z) / q(z).
# diagnosis: prior_missing
#-     log_like = torch.where(observed, pixels, 0.0).sum(-1)
#+     log_like = pixels[..., observed].sum(-1)
#@@
#-     weights = torch.softmax(log_like + log_prior - log_q, 0)
#+     weights = torch.softmax(log_like - log_q, 0)


# %% wrong q_missing, from right softmax: The weights are not divided by q(z), the density that proposed z.
# diagnosis: q_missing
#-     log_like = torch.where(observed, pixels, 0.0).sum(-1)
#+     log_like = pixels[..., observed].sum(-1)
#@@
#-     weights = torch.softmax(log_like + log_prior - log_q, 0)
#+     weights = torch.softmax(log_like + log_prior, 0)


# %% wrong rounded, from right softmax: Return probabilities, not zeros and ones, rounded or drawn.
# diagnosis: rounded
#-     log_like = torch.where(observed, pixels, 0.0).sum(-1)
#+     log_like = pixels[..., observed].sum(-1)
#@@
#-     mean = (weights.unsqueeze(-1) * logits.sigmoid()).sum(0)
#+     mean = (weights.unsqueeze(-1) * logits.sigmoid()).sum(0).round()


# %% wrong unweighted, from right softmax: Every sample counts the same. Weight each by how well it explains the pixels that are there.
# diagnosis: unweighted
#-     log_like = torch.where(observed, pixels, 0.0).sum(-1)
#+     log_like = pixels[..., observed].sum(-1)
#@@
#-     mean = (weights.unsqueeze(-1) * logits.sigmoid()).sum(0)
#+     mean = logits.sigmoid().mean(0)


# %% wrong weights_over_batch, from right softmax: The weights were normalized over the batch as well.
# diagnosis: weights_over_batch
#-     log_like = torch.where(observed, pixels, 0.0).sum(-1)
#+     log_like = pixels[..., observed].sum(-1)
#@@
#-     weights = torch.softmax(log_like + log_prior - log_q, 0)
#+     weights = torch.softmax((log_like + log_prior - log_q).flatten(), 0).view_as(log_q)
