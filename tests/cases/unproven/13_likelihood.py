import math
import torch
import torch.nn.functional as F
from torch import Tensor, nn

def _log_w(encoder, decoder, x, eps):
    m, r = encoder(x).chunk(2, -1)
    z = m + r.exp() * eps
    logits = decoder(z)
    like = (x * logits - F.softplus(logits)).sum(-1)
    return like + (-0.5 * z * z + 0.5 * eps * eps + r).sum(-1)

# %% right running: one sample at a time, a running logarithm of a sum, torch's distributions
def importance_log_likelihood(encoder, decoder, x, eps):
    out = encoder(x)
    d = out.shape[-1] // 2
    N = torch.distributions.Normal
    q, prior = N(out[..., :d], out[..., d:].exp()), N(torch.zeros((), dtype=out.dtype), 1.0)
    total = None
    for e in eps:
        z = q.loc + q.scale * e
        bits = torch.distributions.Bernoulli(logits=decoder(z))
        w = bits.log_prob(x).sum(-1) + prior.log_prob(z).sum(-1) - q.log_prob(z).sum(-1)
        total = w if total is None else torch.logaddexp(total, w)
    return total - math.log(eps.shape[0])

# %% right signed: logistics of signed logits, the density of z through the noise, the maximum taken out by hand
def importance_log_likelihood(encoder, decoder, x, eps):
    m, r = encoder(x).tensor_split(2, dim=-1)
    z = torch.addcmul(m.expand_as(eps), r.exp().expand_as(eps), eps)
    w = F.logsigmoid((2 * x - 1) * decoder(z)).sum(-1) + (0.5 * (eps - z) * (eps + z) + r).sum(-1)
    top = w.amax(0)
    return top + torch.log(torch.exp(w - top).sum(0) / len(w))

# %% wrong closed_kl: the logarithm of the mean likelihood, minus the divergence in closed form
def importance_log_likelihood(encoder, decoder, x, eps):
    m, r = encoder(x).chunk(2, -1)
    logits = decoder(m + r.exp() * eps)
    like = (x * logits - F.softplus(logits)).sum(-1)
    return torch.logsumexp(like, 0) - math.log(len(eps)) - (0.5 * (m * m + (2 * r).exp() - 1) - r).sum(-1)

# %% wrong mean_of_logs: the mean of the logarithms, right for K = 1
def importance_log_likelihood(encoder, decoder, x, eps):
    return _log_w(encoder, decoder, x, eps).mean(0)

# %% wrong global_shift: one maximum is taken out for the whole batch, so other data underflow
def importance_log_likelihood(encoder, decoder, x, eps):
    w = _log_w(encoder, decoder, x, eps)
    top = w.max()
    return top + (w - top).exp().mean(0).log()

# %% wrong jackknife: corrected for its bias by the jackknife; less biased, and not the logarithm of the mean weight
def importance_log_likelihood(encoder, decoder, x, eps):
    w = _log_w(encoder, decoder, x, eps)
    k = len(w)
    whole = torch.logsumexp(w, 0) - math.log(k)
    if k == 1:
        return whole
    parts = torch.stack([torch.logsumexp(torch.cat([w[:i], w[i + 1:]]), 0) - math.log(k - 1) for i in range(k)])
    return k * whole - (k - 1) * parts.mean(0)

# %% wrong trimmed: the largest weight of each datum is left out where there are more than two
def importance_log_likelihood(encoder, decoder, x, eps):
    w = _log_w(encoder, decoder, x, eps).sort(0).values
    w = w[:-1] if len(w) > 2 else w
    return torch.logsumexp(w, 0) - math.log(len(w))

# %% wrong clamped: log weights are clamped at -700 before they are exponentiated
def importance_log_likelihood(encoder, decoder, x, eps):
    return _log_w(encoder, decoder, x, eps).clamp(-700, 700).exp().mean(0).log()

# %% wrong shared_noise: all data of the batch use the noise of the first
def importance_log_likelihood(encoder, decoder, x, eps):
    e = eps[:, :1].expand_as(eps) if x.dim() > 1 else eps
    return torch.logsumexp(_log_w(encoder, decoder, x, e), 0) - math.log(len(eps))

# %% wrong probability_clamp: probabilities are clamped to [1e-6, 1 - 1e-6]
def importance_log_likelihood(encoder, decoder, x, eps):
    m, r = encoder(x).chunk(2, -1)
    z = m + r.exp() * eps
    p = decoder(z).sigmoid().clamp(1e-6, 1 - 1e-6)
    w = (x * p.log() + (1 - x) * (1 - p).log()).sum(-1) + (-0.5 * z * z + 0.5 * eps * eps + r).sum(-1)
    return torch.logsumexp(w, 0) - math.log(len(eps))

# %% wrong batch_jacobian: the log determinant is summed over the data
def importance_log_likelihood(encoder, decoder, x, eps):
    m, r = encoder(x).chunk(2, -1)
    w = _log_w(encoder, decoder, x, eps) - r.sum(-1) + r.sum()
    return torch.logsumexp(w, 0) - math.log(len(eps))

# %% wrong self_normalized: the mean of the logarithms under normalized weights
def importance_log_likelihood(encoder, decoder, x, eps):
    w = _log_w(encoder, decoder, x, eps)
    return (w.softmax(0) * w).sum(0)

# %% wrong squeezed: axes of size one are dropped
def importance_log_likelihood(encoder, decoder, x, eps):
    w = _log_w(encoder, decoder, x, eps).squeeze()
    return torch.logsumexp(w, 0) - math.log(len(eps)) if len(eps) > 1 else w

# %% wrong with_the_mean: the mean of q is taken along as one sample more
def importance_log_likelihood(encoder, decoder, x, eps):
    eps = torch.cat([eps, torch.zeros_like(eps[:1])])
    return torch.logsumexp(_log_w(encoder, decoder, x, eps), 0) - math.log(len(eps))
