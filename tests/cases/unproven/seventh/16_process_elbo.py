import math

import torch
from torch import Tensor
from torch.distributions import Independent, Normal, kl_divergence


def log_normal(y, loc, log_scale):
    return -0.5 * ((y - loc) * (-log_scale).exp()) ** 2 - log_scale - 0.5 * math.log(2 * math.pi)


def kl_of(q, r):
    (mq, lq), (mr, lr) = q.chunk(2, -1), r.chunk(2, -1)
    return (lr - lq + 0.5 * ((2 * (lq - lr)).exp() + ((mq - mr) * (-lr).exp()) ** 2 - 1)).sum(-1)


# %% right by_formula: own formulas for log-density and KL, where() picks the targets
def process_elbo(encoder, decoder, inputs, outputs, is_context, eps):
    points = torch.stack([inputs, outputs], -1)
    r, q = encoder(points, is_context), encoder(points, torch.ones_like(is_context))
    loc, log_scale = q.chunk(2, -1)
    m, s = decoder(inputs.unsqueeze(-1), loc + log_scale.exp() * eps).unbind(-1)
    each = torch.where(is_context, torch.zeros_like(m), log_normal(outputs, m, s))
    return each.sum(-1).mean(0) - kl_of(q, r)

# %% right by_distributions: torch.distributions throughout, samples one at a time, targets by a weight of zero and one
def process_elbo(encoder, decoder, inputs, outputs, is_context, eps):
    points = torch.cat([inputs[..., None], outputs[..., None]], dim=-1)
    dim = eps.shape[-1]

    def told(mask):
        h = encoder(points, mask)
        return Independent(Normal(h[..., :dim], torch.exp(h[..., dim:])), 1)

    prior, q = told(is_context), told(is_context | True)
    total = 0.0
    for e in eps:
        z = q.base_dist.loc + q.base_dist.scale * e
        h = decoder(inputs[..., None], z[None])[0]
        total = total + (Normal(h[..., 0], h[..., 1].exp()).log_prob(outputs) * (~is_context).to(h.dtype)).sum(-1)
    return total / len(eps) - kl_divergence(q, prior)

# %% right function_by_function: a loop that picks each function's targets by index; the networks are called for all at once
def process_elbo(encoder, decoder, inputs, outputs, is_context, eps):
    batch, n = inputs.shape[:-1], inputs.shape[-1]
    points = torch.stack((inputs, outputs), dim=-1)
    r = encoder(points, is_context)
    q = encoder(points, torch.full_like(is_context, True))
    d = eps.shape[-1]
    h = decoder(inputs.unsqueeze(-1), q[..., :d] + torch.exp(q[..., d:]) * eps).reshape(eps.shape[0], -1, n, 2)
    y, given = outputs.reshape(-1, n), is_context.reshape(-1, n)
    qs, rs = q.reshape(-1, 2 * d), r.reshape(-1, 2 * d)
    rows = []
    for i in range(y.shape[0]):
        value = torch.zeros((), dtype=torch.float64)
        for t in torch.nonzero(~given[i]).flatten().tolist():
            m, s = h[:, i, t, 0], h[:, i, t, 1]
            value = value + (-s - 0.5 * math.log(2 * math.pi) - 0.5 * (y[i, t] - m) ** 2 / torch.exp(2 * s)).mean()
        for j in range(d):
            mq, sq, mr, sr = qs[i, j], qs[i, d + j], rs[i, j], rs[i, d + j]
            value = value - (sr - sq + (torch.exp(2 * sq) + (mq - mr) ** 2) / (2 * torch.exp(2 * sr)) - 0.5)
        rows.append(value)
    return torch.stack(rows).reshape(batch)

# %% wrong scores_the_context: the log-likelihood of all points that were seen, context, too; this model says nothing of the context's outputs
def process_elbo(encoder, decoder, inputs, outputs, is_context, eps):
    points = torch.stack([inputs, outputs], -1)
    r, q = encoder(points, is_context), encoder(points, torch.ones_like(is_context))
    loc, log_scale = q.chunk(2, -1)
    m, s = decoder(inputs.unsqueeze(-1), loc + log_scale.exp() * eps).unbind(-1)
    return log_normal(outputs, m, s).sum(-1).mean(0) - kl_of(q, r)

# %% wrong standard_prior: KL to N(0, I), as in a variational autoencoder; the prior of this model is what the encoder says of the context
def process_elbo(encoder, decoder, inputs, outputs, is_context, eps):
    points = torch.stack([inputs, outputs], -1)
    q = encoder(points, torch.ones_like(is_context))
    loc, log_scale = q.chunk(2, -1)
    m, s = decoder(inputs.unsqueeze(-1), loc + log_scale.exp() * eps).unbind(-1)
    each = torch.where(is_context, torch.zeros_like(m), log_normal(outputs, m, s))
    return each.sum(-1).mean(0) - kl_of(q, torch.zeros_like(q))

# %% wrong prior_where_nothing_is_given: with an empty context z is N(0, I), there is nothing to encode; the model says: what the encoder says of the context, empty or not
def process_elbo(encoder, decoder, inputs, outputs, is_context, eps):
    points = torch.stack([inputs, outputs], -1)
    r, q = encoder(points, is_context), encoder(points, torch.ones_like(is_context))
    r = torch.where(is_context.any(-1, keepdim=True), r, torch.zeros_like(r))
    loc, log_scale = q.chunk(2, -1)
    m, s = decoder(inputs.unsqueeze(-1), loc + log_scale.exp() * eps).unbind(-1)
    each = torch.where(is_context, torch.zeros_like(m), log_normal(outputs, m, s))
    return each.sum(-1).mean(0) - kl_of(q, r)

# %% wrong q_reads_targets: q reads the targets only, as the posterior adds the targets to the context; it should read everything
def process_elbo(encoder, decoder, inputs, outputs, is_context, eps):
    points = torch.stack([inputs, outputs], -1)
    r, q = encoder(points, is_context), encoder(points, ~is_context)
    loc, log_scale = q.chunk(2, -1)
    m, s = decoder(inputs.unsqueeze(-1), loc + log_scale.exp() * eps).unbind(-1)
    each = torch.where(is_context, torch.zeros_like(m), log_normal(outputs, m, s))
    return each.sum(-1).mean(0) - kl_of(q, r)

# %% wrong fixed_prior: what q is compared with is detached, lest the prior run after q; the gradient of the encoder lacks its second call
def process_elbo(encoder, decoder, inputs, outputs, is_context, eps):
    points = torch.stack([inputs, outputs], -1)
    r, q = encoder(points, is_context).detach(), encoder(points, torch.ones_like(is_context))
    loc, log_scale = q.chunk(2, -1)
    m, s = decoder(inputs.unsqueeze(-1), loc + log_scale.exp() * eps).unbind(-1)
    each = torch.where(is_context, torch.zeros_like(m), log_normal(outputs, m, s))
    return each.sum(-1).mean(0) - kl_of(q, r)

# %% wrong balanced_kl: half of the KL trains q and half the prior, each with the other one detached; the value is right, the gradient is half
def process_elbo(encoder, decoder, inputs, outputs, is_context, eps):
    points = torch.stack([inputs, outputs], -1)
    r, q = encoder(points, is_context), encoder(points, torch.ones_like(is_context))
    loc, log_scale = q.chunk(2, -1)
    m, s = decoder(inputs.unsqueeze(-1), loc + log_scale.exp() * eps).unbind(-1)
    each = torch.where(is_context, torch.zeros_like(m), log_normal(outputs, m, s))
    return each.sum(-1).mean(0) - 0.5 * kl_of(q, r.detach()) - 0.5 * kl_of(q.detach(), r)

# %% wrong reversed_kl: KL from what the context says to q; the ELBO has it the other way round
def process_elbo(encoder, decoder, inputs, outputs, is_context, eps):
    points = torch.stack([inputs, outputs], -1)
    r, q = encoder(points, is_context), encoder(points, torch.ones_like(is_context))
    loc, log_scale = q.chunk(2, -1)
    m, s = decoder(inputs.unsqueeze(-1), loc + log_scale.exp() * eps).unbind(-1)
    each = torch.where(is_context, torch.zeros_like(m), log_normal(outputs, m, s))
    return each.sum(-1).mean(0) - kl_of(r, q)

# %% wrong sampled_kl: log q - log r at the samples; unbiased, but what can be had in closed form is asked in closed form
def process_elbo(encoder, decoder, inputs, outputs, is_context, eps):
    points = torch.stack([inputs, outputs], -1)
    r, q = encoder(points, is_context), encoder(points, torch.ones_like(is_context))
    loc, log_scale = q.chunk(2, -1)
    z = loc + log_scale.exp() * eps
    m, s = decoder(inputs.unsqueeze(-1), z).unbind(-1)
    each = torch.where(is_context, torch.zeros_like(m), log_normal(outputs, m, s))
    ratio = log_normal(z, loc, log_scale) - log_normal(z, *r.chunk(2, -1))
    return (each.sum(-1) - ratio.sum(-1)).mean(0)

# %% wrong drawn_from_the_context: z is drawn as it is when predicting, from what the context says, and the KL of q stays; the ELBO draws from q
def process_elbo(encoder, decoder, inputs, outputs, is_context, eps):
    points = torch.stack([inputs, outputs], -1)
    r, q = encoder(points, is_context), encoder(points, torch.ones_like(is_context))
    loc, log_scale = r.chunk(2, -1)
    m, s = decoder(inputs.unsqueeze(-1), loc + log_scale.exp() * eps).unbind(-1)
    each = torch.where(is_context, torch.zeros_like(m), log_normal(outputs, m, s))
    return each.sum(-1).mean(0) - kl_of(q, r)

# %% wrong clamped_scale: log scales of z not below -4.6, so that no scale is under 0.01; scales go down to 0.001
def process_elbo(encoder, decoder, inputs, outputs, is_context, eps):
    points = torch.stack([inputs, outputs], -1)

    def told(mask):
        loc, log_scale = encoder(points, mask).chunk(2, -1)
        return torch.cat([loc, log_scale.clamp(min=-4.6)], -1)

    r, q = told(is_context), told(torch.ones_like(is_context))
    loc, log_scale = q.chunk(2, -1)
    m, s = decoder(inputs.unsqueeze(-1), loc + log_scale.exp() * eps).unbind(-1)
    each = torch.where(is_context, torch.zeros_like(m), log_normal(outputs, m, s))
    return each.sum(-1).mean(0) - kl_of(q, r)

# %% wrong floor_of_outputs: an output's scale is 1e-4 plus the exponential of what the decoder says, against division by zero; digits are lost wherever scales are small
def process_elbo(encoder, decoder, inputs, outputs, is_context, eps):
    points = torch.stack([inputs, outputs], -1)
    r, q = encoder(points, is_context), encoder(points, torch.ones_like(is_context))
    loc, log_scale = q.chunk(2, -1)
    m, s = decoder(inputs.unsqueeze(-1), loc + log_scale.exp() * eps).unbind(-1)
    each = torch.where(is_context, torch.zeros_like(m), log_normal(outputs, m, (s.exp() + 1e-4).log()))
    return each.sum(-1).mean(0) - kl_of(q, r)

# %% wrong first_split_for_all: the split of the first function is taken for all of the batch; right where all have the same context
def process_elbo(encoder, decoder, inputs, outputs, is_context, eps):
    points = torch.stack([inputs, outputs], -1)
    first = is_context.reshape(-1, is_context.shape[-1])[0].expand_as(is_context)
    r, q = encoder(points, first), encoder(points, torch.ones_like(is_context))
    loc, log_scale = q.chunk(2, -1)
    m, s = decoder(inputs.unsqueeze(-1), loc + log_scale.exp() * eps).unbind(-1)
    each = torch.where(first, torch.zeros_like(m), log_normal(outputs, m, s))
    return each.sum(-1).mean(0) - kl_of(q, r)

# %% wrong mean_over_targets: log-likelihood for each target on average, so that functions compare; the ELBO has the sum
def process_elbo(encoder, decoder, inputs, outputs, is_context, eps):
    points = torch.stack([inputs, outputs], -1)
    r, q = encoder(points, is_context), encoder(points, torch.ones_like(is_context))
    loc, log_scale = q.chunk(2, -1)
    m, s = decoder(inputs.unsqueeze(-1), loc + log_scale.exp() * eps).unbind(-1)
    each = torch.where(is_context, torch.zeros_like(m), log_normal(outputs, m, s))
    return (each.sum(-1) / (~is_context).sum(-1).clamp(min=1)).mean(0) - kl_of(q, r)

# %% wrong detached_sample: z is data for the decoder, so it is detached; the encoder does not learn from the likelihood
def process_elbo(encoder, decoder, inputs, outputs, is_context, eps):
    points = torch.stack([inputs, outputs], -1)
    r, q = encoder(points, is_context), encoder(points, torch.ones_like(is_context))
    loc, log_scale = q.chunk(2, -1)
    m, s = decoder(inputs.unsqueeze(-1), (loc + log_scale.exp() * eps).detach()).unbind(-1)
    each = torch.where(is_context, torch.zeros_like(m), log_normal(outputs, m, s))
    return each.sum(-1).mean(0) - kl_of(q, r)

# %% wrong one_sample_mean_inside: the decoder's outputs are averaged over samples before they are scored; right for one sample only
def process_elbo(encoder, decoder, inputs, outputs, is_context, eps):
    points = torch.stack([inputs, outputs], -1)
    r, q = encoder(points, is_context), encoder(points, torch.ones_like(is_context))
    loc, log_scale = q.chunk(2, -1)
    m, s = decoder(inputs.unsqueeze(-1), loc + log_scale.exp() * eps).mean(0).unbind(-1)
    each = torch.where(is_context, torch.zeros_like(m), log_normal(outputs, m, s))
    return each.sum(-1) - kl_of(q, r)

# %% wrong kl_averaged_over_batch: the KL shared over functions by a mean over the batch; the answer is wanted function by function
def process_elbo(encoder, decoder, inputs, outputs, is_context, eps):
    points = torch.stack([inputs, outputs], -1)
    r, q = encoder(points, is_context), encoder(points, torch.ones_like(is_context))
    loc, log_scale = q.chunk(2, -1)
    m, s = decoder(inputs.unsqueeze(-1), loc + log_scale.exp() * eps).unbind(-1)
    each = torch.where(is_context, torch.zeros_like(m), log_normal(outputs, m, s))
    return each.sum(-1).mean(0) - kl_of(q, r).mean()
