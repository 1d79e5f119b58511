# %% right entropy: The entropy in closed form would be another estimate; here its sample version, term by term.
from torch.distributions import Independent, Normal


def amortized_elbo(p, encoder, x, eps):
    loc, log_scale = encoder(x).chunk(2, -1)
    q = Independent(Normal(loc, log_scale.exp()), 1)
    z = loc + log_scale.exp() * eps
    return p.log_joint(x, z).mean(0) - q.log_prob(z).mean(0)


# %% right loop: One sample at a time.
import math


def amortized_elbo(p, encoder, x, eps):
    out = encoder(x)
    dim = out.shape[-1] // 2
    total = 0.0
    for one in eps:
        z = out[..., :dim] + out[..., dim:].exp() * one
        log_q = -(one**2 / 2 + out[..., dim:] + math.log(2 * math.pi) / 2).sum(-1)
        total = total + p.log_joint(x, z.unsqueeze(0)).squeeze(0) - log_q
    return total / len(eps)


# %% right stick_the_landing: The density with detached parameters: same value, less noise.
from torch.distributions import Independent, Normal


def amortized_elbo(p, encoder, x, eps):
    loc, log_scale = encoder(x).chunk(2, -1)
    z = loc + log_scale.exp() * eps
    frozen = Independent(Normal(loc.detach(), log_scale.detach().exp()), 1)
    return (p.log_joint(x, z) - frozen.log_prob(z)).mean(0)


# %% right total: Log w averaged, the total gradient.
import math


def amortized_elbo(p, encoder, x, eps):
    loc, log_scale = encoder(x).chunk(2, -1)
    z = loc + log_scale.exp() * eps
    log_q = (-0.5 * eps**2 - log_scale - 0.5 * math.log(2 * math.pi)).sum(-1)
    return (p.log_joint(x, z) - log_q).mean(0)


# %% wrong closed_form_entropy, from right stick_the_landing: You took the entropy in closed form. On average that is right, but here log q is asked for at the samples.
# diagnosis: closed_form_entropy
#- from torch.distributions import Independent, Normal
#+ from torch.distributions import Normal
#@@
#-     frozen = Independent(Normal(loc.detach(), log_scale.detach().exp()), 1)
#-     return (p.log_joint(x, z) - frozen.log_prob(z)).mean(0)
#+     return p.log_joint(x, z).mean(0) + Normal(loc, log_scale.exp()).entropy().sum(-1)


# %% wrong entropy_detached, from right total: The gradient of log q is missing: it was detached or left out.
# diagnosis: entropy_gradient_lost
#-     return (p.log_joint(x, z) - log_q).mean(0)
#+     return (p.log_joint(x, z) - log_q.detach()).mean(0)


# %% wrong entropy_dropped, from right total: log q is missing: without it the best encoder puts all its mass on one point.
# diagnosis: entropy_dropped
#-     return (p.log_joint(x, z) - log_q).mean(0)
#+     return p.log_joint(x, z).mean(0)


# %% wrong entropy_sign, from right total: log q was added. It is subtracted: log w = log p(x, z) - log q(z | x).
# diagnosis: entropy_sign
#-     return (p.log_joint(x, z) - log_q).mean(0)
#+     return (p.log_joint(x, z) + log_q).mean(0)


# %% wrong likelihood_only, from right total: This is the likelihood minus log q: the prior is missing.
# diagnosis: likelihood_only
#-     return (p.log_joint(x, z) - log_q).mean(0)
#+     return (p.likelihood(z).log_prob(x) - log_q).mean(0)


# %% wrong log_mean_exp, from right total: You took the logarithm of the mean weight. That is another bound (unit 10); here, the mean of log w.
# diagnosis: log_mean_exp
#  import math
#+
#+ import torch
#@@
#-     return (p.log_joint(x, z) - log_q).mean(0)
#+     return torch.logsumexp(p.log_joint(x, z) - log_q, 0) - math.log(len(eps))


# %% wrong loss, from right total: The sign is turned: this is the loss. The ELBO itself is asked for.
# diagnosis: loss
#-     return (p.log_joint(x, z) - log_q).mean(0)
#+     return -(p.log_joint(x, z) - log_q).mean(0)


# %% wrong mean_over_batch, from right total: You averaged over the data. Return one ELBO per datum; whoever trains takes the mean.
# diagnosis: mean_over_batch
#-     return (p.log_joint(x, z) - log_q).mean(0)
#+     return (p.log_joint(x, z) - log_q).mean()


# %% wrong own_noise, from right entropy: Called twice with the same eps, it gave two values: you drew noise of your own. z is loc + exp(log_scale) * eps.
# diagnosis: own_noise
from torch.distributions import Normal


def amortized_elbo(p, encoder, x, eps):
    loc, log_scale = encoder(x).chunk(2, -1)
    q = Normal(loc, log_scale.exp())
    z = q.rsample((len(eps),))
    return (p.log_joint(x, z) - q.log_prob(z).sum(-1)).mean(0)


# %% wrong regression, from right entropy: This is a squared error to x/2. Nobody knows x/2 for a real model: the ELBO asks the model instead.
# diagnosis: regression
def amortized_elbo(p, encoder, x, eps):
    loc, _ = encoder(x).chunk(2, -1)
    return -((loc - x / 2) ** 2).sum(-1)


# %% wrong sample_detached, from right total: The sample does not know the encoder: z was detached, or drawn with .sample().
# diagnosis: sample_detached
#-     z = loc + log_scale.exp() * eps
#-     log_q = (-0.5 * eps**2 - log_scale - 0.5 * math.log(2 * math.pi)).sum(-1)
#+     z = (loc + log_scale.exp() * eps).detach()
#+     log_q = (-0.5 * ((z - loc) / log_scale.exp()) ** 2 - log_scale - 0.5 * math.log(2 * math.pi)).sum(-1)


# %% wrong sum, from right total: You summed over the K samples. An expectation is estimated by their mean.
# diagnosis: sum_over_samples
#-     return (p.log_joint(x, z) - log_q).mean(0)
#+     return (p.log_joint(x, z) - log_q).sum(0)


# %% wrong toy_only, from right total: These are the toy's densities, and this is another model.
# diagnosis: toy_only
#-     return (p.log_joint(x, z) - log_q).mean(0)
#+     joint = (-0.5 * z**2 - 0.5 * (x - z) ** 2 - math.log(2 * math.pi)).sum(-1)
#+     return (joint - log_q).mean(0)
