# %% right repaired: The code that was found, with its one line repaired.
import torch
from torch.nn.functional import one_hot


def relax_repaired(f, c, logits, g, h):
    own = logits.detach().expand_as(g).clone().requires_grad_()
    s = own + g
    z = one_hot(s.argmax(-1), g.shape[-1]).to(g)
    top = own.logsumexp(-1, keepdim=True) + (z * h).sum(-1, keepdim=True)
    s_again = torch.where(z > 0.5, top, -torch.logaddexp(-own - h, -top))
    (paths,) = torch.autograd.grad((c(s) - c(s_again)).sum(), own)
    score = z - own.detach().softmax(-1)
    return (f(z) - c(s).detach()).unsqueeze(-1) * score + paths


# %% right loops: Sample by sample, with waiting times for Gumbels.
import torch


def relax_repaired(f, c, logits, g, h):
    rows = []
    C = len(logits)
    for noise, fresh in zip(g, h):
        l = logits.detach().clone().requires_grad_(True)
        k = int(torch.argmax(l.detach() + noise))
        z = torch.zeros(C, dtype=logits.dtype)
        z[k] = 1.0
        first = torch.exp(-fresh[k] - torch.logsumexp(l, 0))
        waits = [first if j == k else first + torch.exp(-fresh[j] - l[j]) for j in range(C)]
        again = -torch.log(torch.stack(waits))
        at_s, at_again = c((l + noise)[None])[0], c(again[None])[0]
        path = torch.autograd.grad(at_s - at_again, l)[0]
        p = torch.softmax(logits, 0)
        rows.append((f(z[None])[0] - at_s.item()) * (z - p) + path)
    return torch.stack(rows)


# %% right functional: torch.func: gradients of a function of the logits, vmapped over the samples.
import torch
from torch.func import grad, vmap


def relax_repaired(f, c, logits, g, h):
    z = torch.zeros_like(g)
    z[torch.arange(len(g)), (logits + g).argmax(1)] = 1

    def conditioned(l, z, h):
        m = torch.logsumexp(l, -1) + torch.dot(z, h)
        log_f = -torch.exp(l - m) - torch.exp(-h)
        return z * m + (1 - z) * (l - torch.log(-log_f))

    def difference(l, z, g, h):
        return c((l + g).unsqueeze(0)).sum() - c(conditioned(l, z, h).unsqueeze(0)).sum()

    paths = vmap(grad(difference), in_dims=(None, 0, 0, 0))(logits, z, g, h)
    return (f(z) - c(logits + g))[:, None] * (z - logits.softmax(0)) + paths


# %% wrong as_found, from right repaired: The code that was found.
# diagnosis: as_found
#-     (paths,) = torch.autograd.grad((c(s) - c(s_again)).sum(), own)
#+     (paths,) = torch.autograd.grad((c(s) - c(own + h)).sum(), own)


# %% wrong reward_only, from right repaired: c(s') goes into the reward; s' is still not conditioned.
# diagnosis: noise_left
#-     (paths,) = torch.autograd.grad((c(s) - c(s_again)).sum(), own)
#+     (paths,) = torch.autograd.grad((c(s) - c(own + h)).sum(), own)
#@@
#-     return (f(z) - c(s).detach()).unsqueeze(-1) * score + paths
#+     return (f(z) - c(own + h).detach()).unsqueeze(-1) * score + paths


# %% wrong no_graph, from right repaired: s' is made of detached logits.
# diagnosis: condition_detached
#-     (paths,) = torch.autograd.grad((c(s) - c(s_again)).sum(), own)
#+     (paths,) = torch.autograd.grad(c(s).sum(), own)


# %% wrong cut_constant, from right repaired: What z cuts off is held constant.
# diagnosis: condition_detached
#-     (paths,) = torch.autograd.grad((c(s) - c(s_again)).sum(), own)
#+     (paths,) = torch.autograd.grad((c(s) - c(own - own.detach() + s_again.detach())).sum(), own)


# %% wrong dropped, from right repaired: c is thrown out: the score function.
# diagnosis: control_dropped
#-     return (f(z) - c(s).detach()).unsqueeze(-1) * score + paths
#+     return f(z).unsqueeze(-1) * score


# %% wrong no_paths, from right repaired: The path terms are thrown out.
# diagnosis: paths_lost
#-     return (f(z) - c(s).detach()).unsqueeze(-1) * score + paths
#+     return (f(z) - c(s).detach()).unsqueeze(-1) * score


# %% wrong sign, from right repaired: The path terms are exchanged.
# diagnosis: path_sign
#-     (paths,) = torch.autograd.grad((c(s) - c(s_again)).sum(), own)
#+     (paths,) = torch.autograd.grad((c(s_again) - c(s)).sum(), own)


# %% wrong normalized, from right repaired: The largest is a standard Gumbel, as it is for normalized logits.
# diagnosis: value
#-     top = own.logsumexp(-1, keepdim=True) + (z * h).sum(-1, keepdim=True)
#+     top = (z * h).sum(-1, keepdim=True)


# %% wrong averaged, from right repaired: The mean over the samples.
# diagnosis: generic_mean_0
#-     return (f(z) - c(s).detach()).unsqueeze(-1) * score + paths
#+     return ((f(z) - c(s).detach()).unsqueeze(-1) * score + paths).mean(0)


# %% wrong clipped, from right repaired: The others are clipped at the largest.
# diagnosis: value
#-     s_again = torch.where(z > 0.5, top, -torch.logaddexp(-own - h, -top))
#+     s_again = torch.where(z > 0.5, top, torch.minimum(own + h, top))
