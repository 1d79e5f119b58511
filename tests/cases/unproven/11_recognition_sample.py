import math
import torch
from torch import Tensor

# %% right einsum: einsum for the affine layer, torch's Normal for the density
def recognition_sample(weight, bias, x, eps):
    out = torch.einsum("...i,oi->...o", x, weight) + bias
    d = weight.shape[0] // 2
    q = torch.distributions.Independent(torch.distributions.Normal(out[..., :d], out[..., d:].exp()), 1)
    z = out.narrow(-1, 0, d) + out.narrow(-1, d, d).exp() * eps
    return z, q.log_prob(z)

# %% right data_loop: one datum at a time
def recognition_sample(weight, bias, x, eps):
    k, d = eps.shape[0], eps.shape[-1]
    xs, es = x.reshape(-1, x.shape[-1]), eps.reshape(k, -1, d)
    zs, logs = [], []
    for b in range(xs.shape[0]):
        h = weight @ xs[b] + bias
        zs.append(h[:d] + torch.exp(h[d:]) * es[:, b])
        logs.append(-0.5 * (es[:, b] ** 2).sum(-1) - h[d:].sum() - d / 2 * math.log(2 * math.pi))
    return torch.stack(zs, 1).reshape(eps.shape), torch.stack(logs, 1).reshape(eps.shape[:-1])

# %% wrong interleaved: reads means and log scales alternately, right for one latent
def recognition_sample(weight, bias, x, eps):
    out = torch.nn.functional.linear(x, weight, bias)
    m, r = out[..., 0::2], out[..., 1::2]
    return m + r.exp() * eps, (-0.5 * eps.square() - r - 0.5 * math.log(2 * math.pi)).sum(-1)

# %% wrong axis_one: splits axis 1, which is the event with one batch axis only
def recognition_sample(weight, bias, x, eps):
    m, r = torch.nn.functional.linear(x, weight, bias).chunk(2, 1)
    return m + r.exp() * eps, (-0.5 * eps.square() - r - 0.5 * math.log(2 * math.pi)).sum(-1)

# %% wrong split_at_data_size: splits after Dx numbers, right where D = Dx
def recognition_sample(weight, bias, x, eps):
    out = torch.nn.functional.linear(x, weight, bias)
    m, r = out[..., :x.shape[-1]], out[..., x.shape[-1]:]
    return m + r.exp() * eps, (-0.5 * eps.square() - r - 0.5 * math.log(2 * math.pi)).sum(-1)

# %% wrong half_bias: both halves get the first half of the bias
def recognition_sample(weight, bias, x, eps):
    d = eps.shape[-1]
    m, r = x @ weight[:d].T + bias[:d], x @ weight[d:].T + bias[:d]
    return m + r.exp() * eps, (-0.5 * eps.square() - r - 0.5 * math.log(2 * math.pi)).sum(-1)

# %% wrong clamped_density: log scales are clamped to [-2, 2] in the density, not in the sample
def recognition_sample(weight, bias, x, eps):
    m, r = torch.nn.functional.linear(x, weight, bias).chunk(2, -1)
    return m + r.exp() * eps, (-0.5 * eps.square() - r.clamp(-2, 2) - 0.5 * math.log(2 * math.pi)).sum(-1)

# %% wrong summed_over_batch: the log determinant is summed over all data, right for one datum
def recognition_sample(weight, bias, x, eps):
    m, r = torch.nn.functional.linear(x, weight, bias).chunk(2, -1)
    return m + r.exp() * eps, (-0.5 * eps.square() - 0.5 * math.log(2 * math.pi)).sum(-1) - r.sum()

# %% wrong constant_once: the constant is counted once per sample, right for one latent
def recognition_sample(weight, bias, x, eps):
    m, r = torch.nn.functional.linear(x, weight, bias).chunk(2, -1)
    return m + r.exp() * eps, (-0.5 * eps.square() - r).sum(-1) - 0.5 * math.log(2 * math.pi)

# %% wrong flattened: the batch comes back flat
def recognition_sample(weight, bias, x, eps):
    d, k = eps.shape[-1], eps.shape[0]
    m, r = torch.nn.functional.linear(x.reshape(-1, x.shape[-1]), weight, bias).chunk(2, -1)
    e = eps.reshape(k, -1, d)
    return m + r.exp() * e, (-0.5 * e.square() - r - 0.5 * math.log(2 * math.pi)).sum(-1)

# %% wrong shared_noise: all data of a batch get the noise of the first
def recognition_sample(weight, bias, x, eps):
    m, r = torch.nn.functional.linear(x, weight, bias).chunk(2, -1)
    e = eps[:, :1].expand_as(eps) if x.dim() > 1 else eps
    return m + r.exp() * e, (-0.5 * e.square() - r - 0.5 * math.log(2 * math.pi)).sum(-1)

# %% wrong epsilon_scale: adds 1e-4 to the standard deviation
def recognition_sample(weight, bias, x, eps):
    m, r = torch.nn.functional.linear(x, weight, bias).chunk(2, -1)
    s = r.exp() + 1e-4
    return m + s * eps, (-0.5 * eps.square() - s.log() - 0.5 * math.log(2 * math.pi)).sum(-1)

# %% wrong overwrites_noise: scales and shifts the caller's noise in place
# not told: the returned values are wrong
def recognition_sample(weight, bias, x, eps):
    m, r = torch.nn.functional.linear(x, weight, bias).chunk(2, -1)
    log_q = (-0.5 * eps.square() - r - 0.5 * math.log(2 * math.pi)).sum(-1)
    with torch.no_grad():
        z = eps.mul_(r.exp()).add_(m)
    return z, log_q
