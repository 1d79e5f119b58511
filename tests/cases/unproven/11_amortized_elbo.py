import math
import torch
from torch import Tensor, nn

# %% right total: the total derivative, samples in a loop
def amortized_elbo(p, encoder, x, eps):
    m, r = encoder(x).chunk(2, -1)
    terms = []
    for e in eps:
        z = (m + r.exp() * e).unsqueeze(0)
        log_q = torch.distributions.MultivariateNormal(m, scale_tril=torch.diag_embed(r.exp())).log_prob(z[0])
        terms.append(p.log_joint(x, z)[0] - log_q)
    return torch.stack(terms).mean(0)

# %% right stuck: sticking the landing, by subtracting the score term
def amortized_elbo(p, encoder, x, eps):
    out = encoder(x)
    d = out.shape[-1] // 2
    m, s = out[..., :d], out[..., d:].exp()
    z = m + s * eps
    frozen = torch.distributions.Normal(m.detach(), s.detach())
    return (p.log_joint(x, z) - frozen.log_prob(z).sum(-1)).sum(0) / eps.shape[0]

# %% wrong entropy_missing_gradient: log q is a plain number, so the scale learns from the model alone
def amortized_elbo(p, encoder, x, eps):
    m, r = encoder(x).chunk(2, -1)
    z = m + r.exp() * eps
    log_q = torch.distributions.Normal(m, r.exp()).log_prob(z).sum(-1)
    return (p.log_joint(x, z) - log_q.detach()).mean(0)

# %% wrong density_at_detached: log q lives in its parameters but at a detached sample, which leaves the score
def amortized_elbo(p, encoder, x, eps):
    m, r = encoder(x).chunk(2, -1)
    z = m + r.exp() * eps
    return (p.log_joint(x, z) - torch.distributions.Normal(m, r.exp()).log_prob(z.detach()).sum(-1)).mean(0)

# %% wrong log_mean_exp: the logarithm of the mean weight, the same for K = 1
def amortized_elbo(p, encoder, x, eps):
    m, r = encoder(x).chunk(2, -1)
    z = m + r.exp() * eps
    log_w = p.log_joint(x, z) - torch.distributions.Normal(m, r.exp()).log_prob(z).sum(-1)
    return torch.logsumexp(log_w, 0) - math.log(len(eps))

# %% wrong split_at_data_size: takes D for Dx
def amortized_elbo(p, encoder, x, eps):
    out = encoder(x)
    m, r = out[..., :x.shape[-1]], out[..., x.shape[-1]:]
    z = m + r.exp() * eps
    return (p.log_joint(x, z) - torch.distributions.Normal(m, r.exp()).log_prob(z).sum(-1)).mean(0)

# %% wrong axis_one: splits axis 1, right with one batch axis only
def amortized_elbo(p, encoder, x, eps):
    m, r = encoder(x).chunk(2, 1)
    z = m + r.exp() * eps
    return (p.log_joint(x, z) - torch.distributions.Normal(m, r.exp()).log_prob(z).sum(-1)).mean(0)

# %% right mean_detached: the means are held fixed inside log q, the scales not; the score of the means has mean zero
def amortized_elbo(p, encoder, x, eps):
    m, r = encoder(x).chunk(2, -1)
    z = m + r.exp() * eps
    return (p.log_joint(x, z) - torch.distributions.Normal(m.detach(), r.exp()).log_prob(z).sum(-1)).mean(0)

# %% wrong scale_dead_in_z: z knows the scale as a plain number
def amortized_elbo(p, encoder, x, eps):
    m, r = encoder(x).chunk(2, -1)
    z = m + r.detach().exp() * eps
    return (p.log_joint(x, z) - torch.distributions.Normal(m, r.exp()).log_prob(z).sum(-1)).mean(0)

# %% wrong batch_entropy: log q is summed over the data
def amortized_elbo(p, encoder, x, eps):
    m, r = encoder(x).chunk(2, -1)
    z = m + r.exp() * eps
    log_q = torch.distributions.Normal(m, r.exp()).log_prob(z).flatten(1).sum(-1).reshape(-1, *[1] * (z.dim() - 2))
    return (p.log_joint(x, z) - log_q).mean(0)

# %% wrong mixed_gradient: every datum's number carries the gradient of the batch mean
def amortized_elbo(p, encoder, x, eps):
    m, r = encoder(x).chunk(2, -1)
    z = m + r.exp() * eps
    bound = (p.log_joint(x, z) - torch.distributions.Normal(m, r.exp()).log_prob(z).sum(-1)).mean(0)
    return bound.detach() + bound.mean() - bound.mean().detach()

# %% wrong clipped_scale: log scales are clamped to [-1, 1] before use
def amortized_elbo(p, encoder, x, eps):
    m, r = encoder(x).chunk(2, -1)
    r = r.clamp(-1, 1)
    z = m + r.exp() * eps
    return (p.log_joint(x, z) - torch.distributions.Normal(m, r.exp()).log_prob(z).sum(-1)).mean(0)

# %% wrong first_sample_density: log q is taken of the first sample only, right for K = 1
def amortized_elbo(p, encoder, x, eps):
    m, r = encoder(x).chunk(2, -1)
    z = m + r.exp() * eps
    return p.log_joint(x, z).mean(0) - torch.distributions.Normal(m, r.exp()).log_prob(z[0]).sum(-1)
