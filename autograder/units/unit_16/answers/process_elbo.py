# %% right masked: A mask for what is read, and another for what is scored.
import math

import torch


def process_elbo(encoder, decoder, inputs, outputs, is_context, eps):
    points = torch.stack([inputs, outputs], -1)
    loc, log_scale = encoder(points, torch.ones_like(is_context)).chunk(2, -1)
    prior_loc, prior_log_scale = encoder(points, is_context).chunk(2, -1)
    z = loc + log_scale.exp() * eps
    mean, log_sd = decoder(inputs.unsqueeze(-1), z).unbind(-1)
    log_p = -0.5 * ((outputs - mean) / log_sd.exp()) ** 2 - log_sd - 0.5 * math.log(2 * math.pi)
    likelihood = (log_p * ~is_context).sum(-1).mean(0)
    kl = prior_log_scale - log_scale - 0.5
    kl = kl + 0.5 * ((2 * log_scale).exp() + (loc - prior_loc) ** 2) * (-2 * prior_log_scale).exp()
    return likelihood - kl.sum(-1)


# %% right one_function: A loop over functions, as deep as there are axes; targets are picked out, torch's normals.
import torch
from torch.distributions import Normal, kl_divergence


def process_elbo(encoder, decoder, inputs, outputs, is_context, eps):
    if inputs.dim() > 1:
        rows = [
            process_elbo(encoder, decoder, inputs[i], outputs[i], is_context[i], eps[:, i])
            for i in range(len(inputs))
        ]
        return torch.stack(rows)
    points = torch.stack([inputs, outputs], -1)

    def normal(mask):
        loc, log_scale = encoder(points, mask).chunk(2, -1)
        return Normal(loc, log_scale.exp())

    q, prior = normal(torch.ones_like(is_context)), normal(is_context)
    asked = ~is_context
    total = torch.zeros((), dtype=inputs.dtype)
    for noise in eps:
        z = (q.mean + q.stddev * noise).unsqueeze(0)
        mean, log_sd = decoder(inputs[asked].unsqueeze(-1), z)[0].unbind(-1)
        total = total + Normal(mean, log_sd.exp()).log_prob(outputs[asked]).sum()
    return total / len(eps) - kl_divergence(q, prior).sum()


# %% right distributions: Torch's distributions for all functions at once; where() for what is scored.
import torch
from torch.distributions import Independent, Normal, kl_divergence


def process_elbo(encoder, decoder, inputs, outputs, is_context, eps):
    points = torch.cat([inputs.unsqueeze(-1), outputs.unsqueeze(-1)], dim=-1)

    def encoded(mask):
        loc, log_scale = torch.tensor_split(encoder(points, mask), 2, dim=-1)
        return Independent(Normal(loc, log_scale.exp()), 1)

    q, prior = encoded(is_context | True), encoded(is_context)
    z = q.mean + q.stddev * eps
    out = decoder(inputs.unsqueeze(-1), z)
    log_p = Normal(out[..., 0], out[..., 1].exp()).log_prob(outputs)
    scored = torch.where(is_context, torch.zeros_like(log_p), log_p).sum(-1)
    return scored.mean(0) - kl_divergence(q, prior)


# %% wrong standard, from right masked: The prior is N(0, I), as in a variational autoencoder.
# diagnosis: standard_prior
#-     kl = prior_log_scale - log_scale - 0.5
#-     kl = kl + 0.5 * ((2 * log_scale).exp() + (loc - prior_loc) ** 2) * (-2 * prior_log_scale).exp()
#+     kl = 0.5 * ((2 * log_scale).exp() + loc**2 - 1) - log_scale


# %% wrong scores_everything, from right masked: The context is scored, too.
# diagnosis: context_scored
#-     likelihood = (log_p * ~is_context).sum(-1).mean(0)
#+     likelihood = log_p.sum(-1).mean(0)


# %% wrong scores_context, from right masked: The mask is the other way round.
# diagnosis: context_alone_scored
#-     likelihood = (log_p * ~is_context).sum(-1).mean(0)
#+     likelihood = (log_p * is_context).sum(-1).mean(0)


# %% wrong draws_from_context, from right distributions: z is drawn from what the context says.
# diagnosis: targets_not_read
#-     z = q.mean + q.stddev * eps
#+     z = prior.mean + prior.stddev * eps


# %% wrong reads_targets_alone, from right distributions: q reads the targets and not the context.
# diagnosis: targets_alone_read
#-     q, prior = encoded(is_context | True), encoded(is_context)
#+     q, prior = encoded(~is_context), encoded(is_context)


# %% wrong turned_kl, from right distributions: The KL of the prior from q.
# diagnosis: kl_reversed
#-     return scored.mean(0) - kl_divergence(q, prior)
#+     return scored.mean(0) - kl_divergence(prior, q)


# %% wrong no_kl, from right distributions: The KL is left out.
# diagnosis: kl_missing
#-     return scored.mean(0) - kl_divergence(q, prior)
#+     return scored.mean(0)


# %% wrong fixed_prior, from right distributions: What the encoder says of the context is cut off.
# diagnosis: prior_detached
#-     q, prior = encoded(is_context | True), encoded(is_context)
#+     q = encoded(is_context | True)
#+     with torch.no_grad():
#+         prior = encoded(is_context)


# %% wrong negative, from right masked: A loss.
# diagnosis: loss_sign
#-     return likelihood - kl.sum(-1)
#+     return kl.sum(-1) - likelihood


# %% wrong average_of_targets, from right masked: The mean over targets.
# diagnosis: mean_over_targets
#-     likelihood = (log_p * ~is_context).sum(-1).mean(0)
#+     likelihood = (log_p * ~is_context).sum(-1).mean(0) / (~is_context).sum(-1).clamp(min=1)


# %% wrong sampled, from right distributions: The KL from the samples.
# diagnosis: sampled_kl
#-     return scored.mean(0) - kl_divergence(q, prior)
#+     return (scored - q.log_prob(z) + prior.log_prob(z)).mean(0)


# %% wrong log_variance, from right masked: The decoder's second number is read as a log variance.
# diagnosis: output_log_variance
#-     mean, log_sd = decoder(inputs.unsqueeze(-1), z).unbind(-1)
#+     mean, log_sd = decoder(inputs.unsqueeze(-1), z).unbind(-1)
#+     log_sd = log_sd / 2


# %% wrong first_points, from right masked: The first points are taken for the context, as many as there are.
# diagnosis: value or described or dictionary or autopsy
#-     points = torch.stack([inputs, outputs], -1)
#+     points = torch.stack([inputs, outputs], -1)
#+     is_context = torch.arange(inputs.shape[-1]) < is_context.sum(-1, keepdim=True)


# %% wrong never_empty, from right masked: A context of nothing is replaced by the standard normal.
# diagnosis: value or described or autopsy or dictionary
#-     prior_loc, prior_log_scale = encoder(points, is_context).chunk(2, -1)
#+     there = is_context.any(-1, keepdim=True)
#+     prior_loc, prior_log_scale = (there * part for part in encoder(points, is_context).chunk(2, -1))


# %% wrong floor_of_outputs, from right masked: The outputs' log scales are kept above -4.
# diagnosis: value or described or dictionary or autopsy or not_finite or either
#-     mean, log_sd = decoder(inputs.unsqueeze(-1), z).unbind(-1)
#+     mean, log_sd = decoder(inputs.unsqueeze(-1), z).unbind(-1)
#+     log_sd = log_sd.clamp(min=-4)


# %% wrong ceiling_of_outputs, from right masked: The outputs' log scales are kept below 2.
# diagnosis: value or described or dictionary or autopsy or not_finite or either
#-     mean, log_sd = decoder(inputs.unsqueeze(-1), z).unbind(-1)
#+     mean, log_sd = decoder(inputs.unsqueeze(-1), z).unbind(-1)
#+     log_sd = log_sd.clamp(max=2)


# %% wrong floor_of_q, from right masked: The log scales of q are kept above -5.
# diagnosis: value or described or dictionary or autopsy or not_finite or either
#-     z = loc + log_scale.exp() * eps
#+     log_scale = log_scale.clamp(min=-5)
#+     z = loc + log_scale.exp() * eps


# %% wrong bounded_scales, from right masked: A tenth is added to the scales of the outputs, as is often done.
# diagnosis: value or described or dictionary or autopsy or not_finite or either
#-     mean, log_sd = decoder(inputs.unsqueeze(-1), z).unbind(-1)
#+     mean, log_sd = decoder(inputs.unsqueeze(-1), z).unbind(-1)
#+     log_sd = (0.001 + log_sd.exp()).log()


# %% wrong one_context, from right masked: The context of the first function for all.
# diagnosis: value or described or dictionary or autopsy or not_finite or either
#-     points = torch.stack([inputs, outputs], -1)
#+     points = torch.stack([inputs, outputs], -1)
#+     is_context = is_context[:1].expand_as(is_context) if is_context.dim() > 1 else is_context


# %% wrong free_nats, from right distributions: A KL below a tenth of a nat is free.
# diagnosis: value or described or dictionary or autopsy or not_finite or either
#-     return scored.mean(0) - kl_divergence(q, prior)
#+     return scored.mean(0) - kl_divergence(q, prior).clamp(min=0.1)


# %% wrong q_cut_in_the_kl, from right distributions: What q says is cut off in the KL.
# diagnosis: value or described or dictionary or autopsy or not_finite or either
#-     return scored.mean(0) - kl_divergence(q, prior)
#+     still = Independent(Normal(q.mean.detach(), q.stddev.detach()), 1)
#+     return scored.mean(0) - kl_divergence(still, prior)


# %% wrong learns_once, from right distributions: The encoder learns from q alone where there is a context.
# diagnosis: value or described or dictionary or autopsy or not_finite or either
#-     return scored.mean(0) - kl_divergence(q, prior)
#+     fixed = Independent(Normal(prior.mean.detach(), prior.stddev), 1)
#+     return scored.mean(0) - kl_divergence(q, fixed)


# %% wrong standard_if_empty, from right distributions: Without a context the prior is N(0, I).
# diagnosis: value or described or dictionary or autopsy or not_finite or either
#-     return scored.mean(0) - kl_divergence(q, prior)
#+     none = ~is_context.any(-1)
#+     standard = Independent(Normal(torch.zeros_like(q.mean), 1.0), 1)
#+     return scored.mean(0) - torch.where(none, kl_divergence(q, standard), kl_divergence(q, prior))


# %% wrong zero_without_targets, from right distributions: A function without targets is left out of the gradient of none, and one with few of them is averaged up to all.
# diagnosis: value or described or dictionary or autopsy or not_finite or either
#-     return scored.mean(0) - kl_divergence(q, prior)
#+     share = is_context.shape[-1] / (~is_context).sum(-1).clamp(min=1)
#+     return share * scored.mean(0) - kl_divergence(q, prior)


# %% wrong noise_of_the_first, from right distributions: All functions share the noise of the first.
# diagnosis: value or described or dictionary or autopsy or not_finite or either
#-     z = q.mean + q.stddev * eps
#+     z = q.mean + q.stddev * (eps[:, :1] if eps.dim() > 2 else eps)
