# %% right entropy: The joint and log q averaged apart, the density from torch.distributions.
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


# %% right loop_over_data: Datum by datum: the encoder is asked about one row at a time.
import torch
from torch.distributions import Normal


def amortized_elbo(p, encoder, x, eps):
    bounds = []
    for b in range(len(x)):
        loc, log_scale = encoder(x[b : b + 1]).chunk(2, -1)
        z = loc + log_scale.exp() * eps[:, b : b + 1]
        log_q = Normal(loc, log_scale.exp()).log_prob(z).sum(-1)
        bounds.append((p.log_joint(x[b : b + 1], z) - log_q).mean(0))
    return torch.cat(bounds)


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


# %% wrong closed_form_entropy, from right stick_the_landing: The entropy in closed form is right on average, and another number at this noise than minus log q at the samples.
# diagnosis: closed_form_entropy
#- from torch.distributions import Independent, Normal
#+ from torch.distributions import Normal
#@@
#-     frozen = Independent(Normal(loc.detach(), log_scale.detach().exp()), 1)
#-     return (p.log_joint(x, z) - frozen.log_prob(z)).mean(0)
#+     return p.log_joint(x, z).mean(0) + Normal(loc, log_scale.exp()).entropy().sum(-1)


# %% wrong entropy_detached, from right total: All of log q is detached, as a misreading of sticking the landing, which freezes its parameters and leaves z alive.
# diagnosis: entropy_gradient_lost
#-     return (p.log_joint(x, z) - log_q).mean(0)
#+     return (p.log_joint(x, z) - log_q.detach()).mean(0)


# %% wrong entropy_dropped, from right total: The joint alone, maximum a posteriori by another name: nothing keeps the scale from shrinking.
# diagnosis: entropy_dropped
#-     return (p.log_joint(x, z) - log_q).mean(0)
#+     return p.log_joint(x, z).mean(0)


# %% wrong entropy_sign, from right total: log q is added, since the ELBO is said to be the expected joint *plus* the entropy.
# diagnosis: entropy_sign
#-     return (p.log_joint(x, z) - log_q).mean(0)
#+     return (p.log_joint(x, z) + log_q).mean(0)


# %% wrong likelihood_only, from right total: The likelihood alone is the teacher, as for an autoencoder: the prior has gone from the joint.
# diagnosis: likelihood_only
#-     return (p.log_joint(x, z) - log_q).mean(0)
#+     return (p.likelihood(z).log_prob(x) - log_q).mean(0)


# %% wrong log_mean_exp, from right total: The bound of unit 10, a logarithm of the mean weight, written where the mean of the logarithms is asked.
# diagnosis: log_mean_exp
#  import math
#+
#+ import torch
#@@
#-     return (p.log_joint(x, z) - log_q).mean(0)
#+     return torch.logsumexp(p.log_joint(x, z) - log_q, 0) - math.log(len(eps))


# %% wrong loss, from right total: Minus the ELBO, ready for an optimizer: the sign belongs where the optimizer is called.
# diagnosis: loss
#-     return (p.log_joint(x, z) - log_q).mean(0)
#+     return -(p.log_joint(x, z) - log_q).mean(0)


# %% wrong mean_over_batch, from right total: One number for the whole batch, the loss of a training loop, where one per datum is asked.
# diagnosis: mean_over_batch
#-     return (p.log_joint(x, z) - log_q).mean(0)
#+     return (p.log_joint(x, z) - log_q).mean()


# %% wrong own_noise, from right entropy: rsample draws noise of its own, and the noise that was given is thrown away.
# diagnosis: generic_own_noise
from torch.distributions import Normal


def amortized_elbo(p, encoder, x, eps):
    loc, log_scale = encoder(x).chunk(2, -1)
    q = Normal(loc, log_scale.exp())
    z = q.rsample((len(eps),))
    return (p.log_joint(x, z) - q.log_prob(z).sum(-1)).mean(0)


# %% wrong regression, from right entropy: A regression on x/2: it needs the answer that inference is there to find.
# diagnosis: regression
def amortized_elbo(p, encoder, x, eps):
    loc, _ = encoder(x).chunk(2, -1)
    return -((loc - x / 2) ** 2).sum(-1)


# %% wrong sample_detached, from right total: The sample is detached, as a target would be; the gradient that is left has mean zero.
# diagnosis: sample_detached
#-     z = loc + log_scale.exp() * eps
#-     log_q = (-0.5 * eps**2 - log_scale - 0.5 * math.log(2 * math.pi)).sum(-1)
#+     z = (loc + log_scale.exp() * eps).detach()
#+     log_q = (-0.5 * ((z - loc) / log_scale.exp()) ** 2 - log_scale - 0.5 * math.log(2 * math.pi)).sum(-1)


# %% wrong sum, from right total: A sum over the samples, so that the learning rate changes with K.
# diagnosis: sum_over_samples
#-     return (p.log_joint(x, z) - log_q).mean(0)
#+     return (p.log_joint(x, z) - log_q).sum(0)


# %% wrong toy_only, from right total: The toy's two densities are written out, and the model that was handed over is never asked.
# diagnosis: toy_only
#-     return (p.log_joint(x, z) - log_q).mean(0)
#+     joint = (-0.5 * z**2 - 0.5 * (x - z) ** 2 - math.log(2 * math.pi)).sum(-1)
#+     return (joint - log_q).mean(0)


# %% wrong joint_detached, from right total: z is detached on its way into log p, to "evaluate" the model: the teacher is no longer heard.
# diagnosis: joint_detached
#-     return (p.log_joint(x, z) - log_q).mean(0)
#+     return (p.log_joint(x, z.detach()) - log_q).mean(0)


# %% wrong mean_gradient, from right total: Right values, and each of them carries the gradient of the batch's mean.
# diagnosis: mean_gradient_of_batch
#-     return (p.log_joint(x, z) - log_q).mean(0)
#+     bounds = (p.log_joint(x, z) - log_q).mean(0)
#+     return bounds.detach() + bounds.mean() - bounds.mean().detach()


# %% wrong no_gradient, from right total: The encoder runs under no_grad, as in an evaluation: the value is right and nothing can be trained.
# diagnosis: dead_gradient
#- import math
#+ import math
#+
#+ import torch
#@@
#-     loc, log_scale = encoder(x).chunk(2, -1)
#+     with torch.no_grad():
#+         loc, log_scale = encoder(x).chunk(2, -1)
