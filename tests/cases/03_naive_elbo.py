import torch


# %% right loop_over_data: q is asked datum by datum.
def naive_elbo(p, q, x, eps):
    if x.dim() == 1:
        z = q.transport(eps, x).detach()
        return (p.log_joint(x, z) - q(x, z)).mean(0)
    out = []
    for b in range(len(x)):
        one, e = x[b : b + 1], eps[:, b : b + 1]
        z = q.transport(e, one).detach()
        out.append((p.log_joint(one, z) - q(one, z)).mean(0))
    return torch.cat(out)


# %% right loop_over_samples: One draw at a time.
def naive_elbo(p, q, x, eps):
    total = 0.0
    for e in eps:
        z = q.transport(e.unsqueeze(0), x).detach()
        total = total + (p.log_joint(x, z) - q(x, z))[0]
    return total / len(eps)


# %% wrong batch_mean: Every row carries the batch's mean gradient.
def naive_elbo(p, q, x, eps):
    z = q.transport(eps, x).detach()
    value = (p.log_joint(x, z) - q(x, z)).mean(0)
    loss = value.mean()
    return value.detach() + (loss - loss.detach())


# %% wrong closed_entropy: z is detached in log p only, and the entropy is a closed form.
# not told: share one draw
def naive_elbo(p, q, x, eps):
    z = q.transport(eps, x).detach()
    return p.log_joint(x, z).mean(0) + q.distribution(x).entropy()


# %% wrong flat: The batch comes back flat.
def naive_elbo(p, q, x, eps):
    z = q.transport(eps, x).detach()
    return (p.log_joint(x, z) - q(x, z)).mean(0).reshape(-1 if x.dim() > 1 else ())
