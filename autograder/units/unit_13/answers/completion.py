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


# %% wrong all_pixels, from right softmax: The weights look at all pixels, the missing ones included, whose content means nothing.
# diagnosis: all_pixels
#-     log_like = torch.where(observed, pixels, 0.0).sum(-1)
#+     log_like = pixels.sum(-1)


# %% wrong averaged_logits, from right softmax: Averages logits and takes the sigmoid after: the logit of a mean is not the mean of the logits.
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


# %% wrong best_sample, from right softmax: Decodes the sample with the largest weight: one plausible picture, which hides that there are others.
# diagnosis: best_sample
#-     log_like = torch.where(observed, pixels, 0.0).sum(-1)
#+     log_like = pixels[..., observed].sum(-1)
#@@
#-     mean = (weights.unsqueeze(-1) * logits.sigmoid()).sum(0)
#+     mean = logits.sigmoid()[weights.argmax(0), torch.arange(len(x))]


# %% wrong decoded_mean, from right softmax: Decodes the weighted mean of z: between two digits lies a code that belongs to neither.
# diagnosis: decoded_mean
#-     log_like = torch.where(observed, pixels, 0.0).sum(-1)
#+     log_like = pixels[..., observed].sum(-1)
#@@
#-     mean = (weights.unsqueeze(-1) * logits.sigmoid()).sum(0)
#+     mean = decoder((weights.unsqueeze(-1) * z).sum(0)).sigmoid()


# %% wrong drawn, from right softmax: Draws the missing pixels: a sample of the posterior predictive where its mean is asked.
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


# %% wrong likelihood_only, from right softmax: Weights by the likelihood alone, which is right for z from the prior; these come with a log_q of their own.
# diagnosis: likelihood_only
#-     log_like = torch.where(observed, pixels, 0.0).sum(-1)
#+     log_like = pixels[..., observed].sum(-1)
#@@
#-     weights = torch.softmax(log_like + log_prior - log_q, 0)
#+     weights = torch.softmax(log_like, 0)


# %% wrong mask_inverted, from right softmax: Keeps the missing pixels and replaces the observed ones: the mask is read as `missing`.
# diagnosis: mask_inverted
#-     log_like = torch.where(observed, pixels, 0.0).sum(-1)
#+     log_like = pixels[..., observed].sum(-1)
#@@
#-     return torch.where(observed, x, mean)
#+     return torch.where(observed, mean, x)


# %% wrong mean_over_pixels, from right softmax: Averages log p over the observed pixels: the weights are nearly even, and every completion looks alike.
# diagnosis: mean_over_pixels
#-     log_like = torch.where(observed, pixels, 0.0).sum(-1)
#+     log_like = pixels[..., observed].mean(-1)


# %% wrong naive_exp, from right softmax: Exponentiates before it normalizes: for large pictures every weight is zero, and 0 / 0 is left.
# diagnosis: underflow
#-     log_like = torch.where(observed, pixels, 0.0).sum(-1)
#+     log_like = pixels[..., observed].sum(-1)
#@@
#-     weights = torch.softmax(log_like + log_prior - log_q, 0)
#+     weights = (log_like + log_prior - log_q).exp() / (log_like + log_prior - log_q).exp().sum(0)


# %% wrong observed_overwritten, from right softmax: Replaces the observed pixels by predictions, too: the reconstruction of the whole picture.
# diagnosis: observed_overwritten
#-     log_like = torch.where(observed, pixels, 0.0).sum(-1)
#+     log_like = pixels[..., observed].sum(-1)
#@@
#-     return torch.where(observed, x, mean)
#+     return mean


# %% wrong other_axis, from right softmax: Normalizes the weights over the data in place of the samples: axis 1 for axis 0.
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


# %% wrong prior_missing, from right softmax: The prior is missing from the weights: z far out counts as much as z near zero.
# diagnosis: prior_missing
#-     log_like = torch.where(observed, pixels, 0.0).sum(-1)
#+     log_like = pixels[..., observed].sum(-1)
#@@
#-     weights = torch.softmax(log_like + log_prior - log_q, 0)
#+     weights = torch.softmax(log_like - log_q, 0)


# %% wrong q_missing, from right softmax: Does not divide by q: regions that were proposed more often count more often.
# diagnosis: q_missing
#-     log_like = torch.where(observed, pixels, 0.0).sum(-1)
#+     log_like = pixels[..., observed].sum(-1)
#@@
#-     weights = torch.softmax(log_like + log_prior - log_q, 0)
#+     weights = torch.softmax(log_like + log_prior, 0)


# %% wrong rounded, from right softmax: Rounds the probabilities to get a picture: whatever the model was unsure of is gone.
# diagnosis: rounded
#-     log_like = torch.where(observed, pixels, 0.0).sum(-1)
#+     log_like = pixels[..., observed].sum(-1)
#@@
#-     mean = (weights.unsqueeze(-1) * logits.sigmoid()).sum(0)
#+     mean = (weights.unsqueeze(-1) * logits.sigmoid()).sum(0).round()


# %% wrong unweighted, from right softmax: A plain mean over the samples: the observed pixels play no part in what is filled in.
# diagnosis: unweighted
#-     log_like = torch.where(observed, pixels, 0.0).sum(-1)
#+     log_like = pixels[..., observed].sum(-1)
#@@
#-     mean = (weights.unsqueeze(-1) * logits.sigmoid()).sum(0)
#+     mean = logits.sigmoid().mean(0)


# %% wrong weights_over_batch, from right softmax: Normalizes over samples and data together: an image of low likelihood gets next to no weight at all.
# diagnosis: weights_over_batch
#-     log_like = torch.where(observed, pixels, 0.0).sum(-1)
#+     log_like = pixels[..., observed].sum(-1)
#@@
#-     weights = torch.softmax(log_like + log_prior - log_q, 0)
#+     weights = torch.softmax((log_like + log_prior - log_q).flatten(), 0).view_as(log_q)


# %% wrong upper_half, from right softmax: Takes the observed pixels to be the first half of the picture, as in every example, and never reads the mask.
# diagnosis: value
#-     logits = decoder(z)
#+     logits, observed = decoder(z), torch.arange(x.shape[-1]) < x.shape[-1] // 2


# %% wrong times_mask, from right masked_product: Multiplies by the mask: what stands in the missing pixels is gone unless it is NaN, and zero times NaN is NaN.
# diagnosis: nan_spreads
#-     safe = torch.where(observed, x, torch.zeros_like(x))   # what stands in the missing pixels never enters
#+     safe = x * mask
