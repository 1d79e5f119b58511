# %% right distributions: Prior, likelihood and posterior as distributions.
def three_forms(p, q, x, z):
    log_q = q.distribution(x).log_prob(z)
    log_prior = p.prior().log_prob(z)
    log_lik = p.likelihood(z).log_prob(x)
    entropy = -log_q.mean(0)
    kl_prior = (log_q - log_prior).mean(0)
    kl_posterior = (log_q - p.posterior(x).log_prob(z)).mean(0)
    return p.log_joint(x, z).mean(0) + entropy, log_lik.mean(0) - kl_prior, p.log_evidence(x) - kl_posterior


# %% right log_factors: The named factors, vectorized.
def three_forms(p, q, x, z):
    factors = p.log_factors(x, z)
    likelihood = factors["likelihood"]
    prior = sum(value for name, value in factors.items() if name != "likelihood")
    log_q = q(x, z)
    form1 = (prior + likelihood).mean(0) - log_q.mean(0)
    form2 = likelihood.mean(0) - (log_q - prior).mean(0)
    form3 = p.log_evidence(x) - (log_q - p.posterior(x).log_prob(z)).mean(0)
    return form1, form2, form3


# %% right loop: A running sum in a loop over the samples, the prior got by subtraction.
import torch


def three_forms(p, q, x, z):
    num_samples = z.shape[0]
    one = two = three = 0.0
    posterior = p.posterior(x)
    for k in range(num_samples):
        zk = z[k : k + 1]
        joint = p.log_joint(x, zk).squeeze(0)
        lik = p.log_factors(x, zk)["likelihood"].squeeze(0)
        lq = q(x, zk).squeeze(0)
        one = one + (joint - lq) / num_samples
        two = two + (lik - (lq - (joint - lik))) / num_samples
        three = three + (p.log_evidence(x) - lq + posterior.log_prob(zk).squeeze(0)) / num_samples
    return torch.stack([one, two, three]).unbind(0)


# %% right torch_normal: Averages first, through torch.mean and a dictionary of estimates; q by its Cholesky factor where it has one.
import torch
from torch.distributions import Independent, MultivariateNormal, Normal


def three_forms(p, q, x, z):
    d = q.distribution(x)
    if hasattr(d, "scale_tril"):
        density = MultivariateNormal(d.loc, scale_tril=d.scale_tril)
    else:
        density = Independent(Normal(d.mean, d.stddev), 1)
    average = {
        "joint": torch.mean(p.log_joint(x, z), dim=0),
        "lik": torch.mean(p.log_factors(x, z)["likelihood"], dim=0),
        "q": torch.mean(density.log_prob(z), dim=0),
        "post": torch.mean(p.posterior(x).log_prob(z), dim=0),
    }
    average["prior"] = average["joint"] - average["lik"]
    return (
        average["joint"] - average["q"],
        average["lik"] - (average["q"] - average["prior"]),
        p.log_evidence(x) - (average["q"] - average["post"]),
    )


# %% right loop_over_data: Datum by datum, each with the row of q that belongs to it.
import torch


def three_forms(p, q, x, z):
    rows = []
    for b in range(len(x)):
        xb, zb = x[b : b + 1], z[:, b : b + 1]
        joint, log_q = p.log_joint(xb, zb), q(xb, zb)
        likelihood = p.log_factors(xb, zb)["likelihood"]
        form2 = (likelihood - (log_q - (joint - likelihood))).mean(0)
        form3 = p.log_evidence(xb) - (log_q - p.posterior(xb).log_prob(zb)).mean(0)
        rows.append(torch.stack([(joint - log_q).mean(0), form2, form3]))
    return torch.cat(rows, -1).unbind(0)


# %% wrong entropy_exact, from right distributions: The entropy comes from its closed form, which feels more exact; its noise then no longer cancels that of log p, and the forms part.
# diagnosis: entropy_exact
def three_forms(p, q, x, z):
    log_q = q(x, z)
    lik = p.log_factors(x, z)["likelihood"]
    prior = p.log_joint(x, z) - lik
    return (p.log_joint(x, z).mean(0) + q.distribution(x).entropy(), (lik - log_q + prior).mean(0),
            p.log_evidence(x) - (log_q - p.posterior(x).log_prob(z)).mean(0))


# %% wrong entropy_sign, from right distributions: The entropy is taken as the mean of log q, without the minus: easily lost where the formula is copied from a slide.
# diagnosis: entropy_sign
def three_forms(p, q, x, z):
    log_q = q(x, z)
    lik = p.log_factors(x, z)["likelihood"]
    prior = p.log_joint(x, z) - lik
    entropy = log_q.mean(0)
    return (p.log_joint(x, z).mean(0) + entropy, (lik - log_q + prior).mean(0),
            p.log_evidence(x) - (log_q - p.posterior(x).log_prob(z)).mean(0))


# %% wrong factor_by_name, from right distributions: The prior is asked for by the name it has in the first model; the second has two factors of other names, and a KeyError.
# diagnosis: raises_KeyError
def three_forms(p, q, x, z):
    log_q, factors = q(x, z), p.log_factors(x, z)
    prior, lik = factors["prior"], factors["likelihood"]
    return ((prior + lik - log_q).mean(0), lik.mean(0) - (log_q - prior).mean(0),
            p.log_evidence(x) - (log_q - p.posterior(x).log_prob(z)).mean(0))


# %% wrong factor_lost, from right distributions: The first factor is taken for the whole prior, as it is in every model with one layer; the second model's other factor is lost.
# diagnosis: factor_lost
def three_forms(p, q, x, z):
    log_q = q(x, z)
    factors = p.log_factors(x, z)
    prior = list(factors.values())[0]
    lik = factors["likelihood"]
    return ((p.log_joint(x, z) - log_q).mean(0), lik.mean(0) - (log_q - prior).mean(0),
            p.log_evidence(x) - (log_q - p.posterior(x).log_prob(z)).mean(0))


# %% wrong gap_sign, from right distributions: Inside the third form's KL the two densities are exchanged, so that the bound rises above log p(x) by what it should fall below.
# diagnosis: gap_sign
def three_forms(p, q, x, z):
    log_q = q(x, z)
    factors = p.log_factors(x, z)
    lik = factors.pop("likelihood")
    prior = sum(factors.values())
    reversed_kl = (p.posterior(x).log_prob(z) - log_q).mean(0)
    return (prior + lik - log_q).mean(0), (lik - log_q + prior).mean(0), p.log_evidence(x) - reversed_kl


# %% wrong kl_exact, from right distributions: Both KLs come from torch's closed form: the right mean, but not the average over the samples that the other form uses.
# diagnosis: kl_exact
from torch.distributions import Independent, Normal, kl_divergence


def three_forms(p, q, x, z):
    log_q = q(x, z)
    d, post = q.distribution(x), p.posterior(x)
    q_, post_ = Normal(d.mean, d.variance.sqrt()), Normal(post.mean, post.variance.sqrt())
    prior = Normal(0.0 * d.mean, 1.0)
    return ((p.log_joint(x, z) - log_q).mean(0),
            p.log_factors(x, z)["likelihood"].mean(0) - kl_divergence(q_, prior).sum(-1),
            p.log_evidence(x) - kl_divergence(Independent(q_, 1), Independent(post_, 1)))


# %% wrong kl_sign, from right distributions: The KL to the prior is written prior first, by analogy with log p - log q in the ELBO, and is then subtracted with the wrong sign.
# diagnosis: kl_sign
def three_forms(p, q, x, z):
    log_q = q(x, z)
    factors = p.log_factors(x, z)
    lik = factors.pop("likelihood")
    prior = sum(factors.values())
    kl_prior = (prior - log_q).mean(0)
    kl_post = (log_q - p.posterior(x).log_prob(z)).mean(0)
    return (prior + lik - log_q).mean(0), lik.mean(0) - kl_prior, p.log_evidence(x) - kl_post


# %% wrong kl_to_prior, from right distributions: The KL at hand, that to the prior, is subtracted from the evidence too; the third form needs the one to the posterior.
# diagnosis: kl_to_prior
def three_forms(p, q, x, z):
    log_q, joint = q(x, z), p.log_joint(x, z)
    lik = p.log_factors(x, z)["likelihood"]
    kl = (log_q - (joint - lik)).mean(0)
    return (joint - log_q).mean(0), lik.mean(0) - kl, p.log_evidence(x) - kl


# %% wrong mean_over_batch, from right distributions: A bare mean() averages over the data as well, as a training loss does, and one number is left for the whole batch.
# diagnosis: mean_over_batch
def three_forms(p, q, x, z):
    log_q, joint = q(x, z), p.log_joint(x, z)
    lik = p.log_factors(x, z)["likelihood"]
    return ((joint - log_q).mean(), (lik - log_q + joint - lik).mean(),
            (p.log_evidence(x) - log_q + p.posterior(x).log_prob(z)).mean())


# %% wrong one_form_thrice, from right distributions: Since all three forms are equal, one is computed and returned three times: nothing is left to disagree with a false posterior.
# diagnosis: one_form_thrice
def three_forms(p, q, x, z):
    value = (p.log_joint(x, z) - q(x, z)).mean(0)
    return value, value, value


# %% wrong prior_twice, from right distributions: The second form starts from the joint in place of the likelihood, so that the prior counts once there and once in the KL.
# diagnosis: prior_twice
def three_forms(p, q, x, z):
    log_q, joint = q(x, z), p.log_joint(x, z)
    factors = p.log_factors(x, z)
    factors.pop("likelihood")
    prior = sum(factors.values())
    return ((joint - log_q).mean(0), joint.mean(0) - (log_q - prior).mean(0),
            p.log_evidence(x) - (log_q - p.posterior(x).log_prob(z)).mean(0))


# %% wrong sum_over_samples, from right distributions: The samples are added up and never divided by K, as one does for coordinates, where log-densities really add.
# diagnosis: sum_over_samples
def three_forms(p, q, x, z):
    log_q, joint = q(x, z), p.log_joint(x, z)
    lik = p.log_factors(x, z)["likelihood"]
    prior = joint - lik
    return ((joint - log_q).sum(0), (lik - log_q + prior).sum(0), (p.log_evidence(x) - log_q + p.posterior(x).log_prob(z)).sum(0))


# %% wrong kl_not_negative, from right log_factors: The KL estimates are cut off at zero, since a KL cannot be negative; its estimate from a few samples can, and must.
# diagnosis: kl_not_negative
#-     form2 = likelihood.mean(0) - (log_q - prior).mean(0)
#-     form3 = p.log_evidence(x) - (log_q - p.posterior(x).log_prob(z)).mean(0)
#+     form2 = likelihood.mean(0) - (log_q - prior).mean(0).clamp(min=0)
#+     form3 = p.log_evidence(x) - (log_q - p.posterior(x).log_prob(z)).mean(0).clamp(min=0)


# %% wrong order, from right log_factors: The forms are returned evidence first, in the order of some textbook; as they are equal, only a false model shows it.
# diagnosis: order
#-     return form1, form2, form3
#+     return form3, form1, form2


# %% wrong posterior_by_hand, from right log_factors: The toy's posterior is written out from the lecture and the model is not asked for its own, which differs on the next model.
# diagnosis: posterior_not_asked
#+ from torch.distributions import Normal
#+
#+
#  def three_forms(p, q, x, z):
#@@
#-     form3 = p.log_evidence(x) - (log_q - p.posterior(x).log_prob(z)).mean(0)
#+     log_post = Normal(x / 2, 0.5**0.5).log_prob(z).sum(-1)
#+     form3 = p.log_evidence(x) - (log_q - log_post).mean(0)
