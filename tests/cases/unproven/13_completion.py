import math
import torch
import torch.nn.functional as F
from torch import Tensor, nn

def _log_w(decoder, x, observed, z, log_q, prior=True, proposal=True):
    logits = decoder(z)
    seen = logits[..., observed]
    like = (x[:, observed] * seen - F.softplus(seen)).sum(-1)
    return logits, like - (0.5 * z.square().sum(-1) if prior else 0.0) - (log_q if proposal else 0.0)

def _fill(x, observed, mean):
    return torch.where(observed, x, mean)

# %% right datum_loop: datum by datum, picking the observed pixels
def complete(decoder, x, observed, z, log_q):
    rows = []
    for b in range(x.shape[0]):
        logits = decoder(z[:, b])
        seen = x[b][observed]
        w = (F.logsigmoid(logits[:, observed]) * seen + F.logsigmoid(-logits[:, observed]) * (1 - seen)).sum(-1)
        w = (w - 0.5 * (z[:, b] ** 2).sum(-1) - log_q[:, b]).softmax(0)
        row = w @ logits.sigmoid()
        row = row.clone()
        row[observed] = seen
        rows.append(row)
    return torch.stack(rows)

# %% right log_average: probabilities averaged in logarithms, missing pixels replaced before the likelihood
def complete(decoder, x, observed, z, log_q):
    logits = decoder(z)
    clean = torch.where(observed, x, torch.zeros_like(x))
    like = torch.where(observed, clean * logits - F.softplus(logits), torch.zeros_like(logits)).sum(-1)
    w = torch.log_softmax(like - 0.5 * torch.einsum("kbd,kbd->kb", z, z) - log_q, 0)
    filled = torch.logsumexp(w.unsqueeze(-1) + F.logsigmoid(logits), 0).exp()
    return torch.where(observed, x, filled)

# %% wrong writes_into_x: fills the caller's tensor
# not told: the returned values are wrong
def complete(decoder, x, observed, z, log_q):
    logits, w = _log_w(decoder, x, observed, z, log_q)
    mean = (w.softmax(0).unsqueeze(-1) * logits.sigmoid()).sum(0)
    x[:, ~observed] = mean[:, ~observed].detach()
    return x

# %% wrong zeros_for_missing: NaN becomes 0 and then counts as a pixel that was seen
def complete(decoder, x, observed, z, log_q):
    logits = decoder(z)
    filled = torch.where(observed, x, torch.zeros_like(x))
    w = (filled * logits - F.softplus(logits)).sum(-1) - 0.5 * z.square().sum(-1) - log_q
    return _fill(x, observed, (w.softmax(0).unsqueeze(-1) * logits.sigmoid()).sum(0))

# %% wrong nan_only: takes NaN for missing, so a missing pixel that holds a number counts as seen
def complete(decoder, x, observed, z, log_q):
    logits = decoder(z)
    there = ~torch.isnan(x)
    like = torch.where(there, torch.nan_to_num(x) * logits - F.softplus(logits), torch.zeros_like(logits)).sum(-1)
    w = like - 0.5 * z.square().sum(-1) - log_q
    return _fill(x, observed, (w.softmax(0).unsqueeze(-1) * logits.sigmoid()).sum(0))

# %% wrong no_shift: weights are exponentiated as they are, which underflows for many pixels
def complete(decoder, x, observed, z, log_q):
    logits, w = _log_w(decoder, x, observed, z, log_q)
    w = w.exp()
    return _fill(x, observed, ((w / w.sum(0)).unsqueeze(-1) * logits.sigmoid()).sum(0))

# %% wrong mean_logits: averages logits under the weights
def complete(decoder, x, observed, z, log_q):
    logits, w = _log_w(decoder, x, observed, z, log_q)
    return _fill(x, observed, (w.softmax(0).unsqueeze(-1) * logits).sum(0).sigmoid())

# %% wrong mean_latent: decodes the weighted mean of z
def complete(decoder, x, observed, z, log_q):
    _, w = _log_w(decoder, x, observed, z, log_q)
    return _fill(x, observed, decoder((w.softmax(0).unsqueeze(-1) * z).sum(0)).sigmoid())

# %% wrong best_sample: decodes the sample of the largest weight, right for K = 1
def complete(decoder, x, observed, z, log_q):
    logits, w = _log_w(decoder, x, observed, z, log_q)
    best = w.argmax(0)
    return _fill(x, observed, logits[best, torch.arange(x.shape[0])].sigmoid())

# %% wrong prior_proposal: takes it that z came from the prior, prior and proposal are left out
def complete(decoder, x, observed, z, log_q):
    logits, w = _log_w(decoder, x, observed, z, log_q, prior=False, proposal=False)
    return _fill(x, observed, (w.softmax(0).unsqueeze(-1) * logits.sigmoid()).sum(0))

# %% wrong one_shift_for_all: one maximum is taken out for the whole batch, and log_q may differ by a constant from datum to datum
def complete(decoder, x, observed, z, log_q):
    logits, w = _log_w(decoder, x, observed, z, log_q)
    w = (w - w.max()).exp()
    return _fill(x, observed, ((w / (w.sum(0) + 1e-12)).unsqueeze(-1) * logits.sigmoid()).sum(0))

# %% wrong flat_weights: weights are normalized over samples and data together and multiplied by the number of data
def complete(decoder, x, observed, z, log_q):
    logits, w = _log_w(decoder, x, observed, z, log_q)
    w = w.reshape(-1).softmax(0).reshape(w.shape) * w.shape[1]
    return _fill(x, observed, (w.unsqueeze(-1) * logits.sigmoid()).sum(0))

# %% wrong smooths_observed: observed pixels are replaced by their predictive means as well
def complete(decoder, x, observed, z, log_q):
    logits, w = _log_w(decoder, x, observed, z, log_q)
    return (w.softmax(0).unsqueeze(-1) * logits.sigmoid()).sum(0)

# %% wrong needs_some_pixel: falls back on one half for missing pixels where nothing is observed
def complete(decoder, x, observed, z, log_q):
    if not observed.any():
        return torch.full_like(x, 0.5)
    logits, w = _log_w(decoder, x, observed, z, log_q)
    return _fill(x, observed, (w.softmax(0).unsqueeze(-1) * logits.sigmoid()).sum(0))

# %% wrong rounded: missing pixels are rounded to zero or one
def complete(decoder, x, observed, z, log_q):
    logits, w = _log_w(decoder, x, observed, z, log_q)
    return _fill(x, observed, (w.softmax(0).unsqueeze(-1) * logits.sigmoid()).sum(0).round())

# %% wrong product_mask: multiplies by a mask, and zero times NaN is NaN
def complete(decoder, x, observed, z, log_q):
    logits = decoder(z)
    w = ((x * logits - F.softplus(logits)) * observed).sum(-1) - 0.5 * z.square().sum(-1) - log_q
    return _fill(x, observed, (w.softmax(0).unsqueeze(-1) * logits.sigmoid()).sum(0))
