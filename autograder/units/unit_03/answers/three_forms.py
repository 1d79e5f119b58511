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


# %% wrong entropy_exact, from right distributions: You used the entropy in closed form. That is a fine, different estimate; here all three forms must use the same samples, so estimate the entropy by minus the mean of log q.
# diagnosis: entropy_exact
def three_forms(p, q, x, z):
    log_q = q(x, z)
    lik = p.log_factors(x, z)["likelihood"]
    prior = p.log_joint(x, z) - lik
    return (p.log_joint(x, z).mean(0) + q.distribution(x).entropy(), (lik - log_q + prior).mean(0),
            p.log_evidence(x) - (log_q - p.posterior(x).log_prob(z)).mean(0))


# %% wrong entropy_sign, from right distributions: The entropy is minus the mean of log q. You added the mean of log q (so does a slide: see the lecture).
# diagnosis: entropy_sign
def three_forms(p, q, x, z):
    log_q = q(x, z)
    lik = p.log_factors(x, z)["likelihood"]
    prior = p.log_joint(x, z) - lik
    entropy = log_q.mean(0)
    return (p.log_joint(x, z).mean(0) + entropy, (lik - log_q + prior).mean(0),
            p.log_evidence(x) - (log_q - p.posterior(x).log_prob(z)).mean(0))


# %% wrong factor_by_name, from right distributions: A dictionary has no such key. Print its keys: they may differ from one model to the next.
# diagnosis: raises_KeyError
def three_forms(p, q, x, z):
    log_q, factors = q(x, z), p.log_factors(x, z)
    prior, lik = factors["prior"], factors["likelihood"]
    return ((prior + lik - log_q).mean(0), lik.mean(0) - (log_q - prior).mean(0),
            p.log_evidence(x) - (log_q - p.posterior(x).log_prob(z)).mean(0))


# %% wrong factor_lost, from right distributions: On this model log_factors has two factors in z, 'top' and 'middle', and the prior is their product.
# diagnosis: factor_lost
def three_forms(p, q, x, z):
    log_q = q(x, z)
    factors = p.log_factors(x, z)
    prior = list(factors.values())[0]
    lik = factors["likelihood"]
    return ((p.log_joint(x, z) - log_q).mean(0), lik.mean(0) - (log_q - prior).mean(0),
            p.log_evidence(x) - (log_q - p.posterior(x).log_prob(z)).mean(0))


# %% wrong gap_sign, from right distributions: The ELBO lies below log p(x): subtract the KL, the mean of log q - log p(z | x).
# diagnosis: gap_sign
def three_forms(p, q, x, z):
    log_q = q(x, z)
    factors = p.log_factors(x, z)
    lik = factors.pop("likelihood")
    prior = sum(factors.values())
    reversed_kl = (p.posterior(x).log_prob(z) - log_q).mean(0)
    return (prior + lik - log_q).mean(0), (lik - log_q + prior).mean(0), p.log_evidence(x) - reversed_kl


# %% wrong kl_exact, from right distributions: You used the KL in closed form. That is a fine, different estimate; here all three forms must use the same samples: estimate the KL by the mean of log q - log p(z).
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


# %% wrong kl_sign, from right distributions: The KL is the mean of log q - log p(z), and it is subtracted.
# diagnosis: kl_sign
def three_forms(p, q, x, z):
    log_q = q(x, z)
    factors = p.log_factors(x, z)
    lik = factors.pop("likelihood")
    prior = sum(factors.values())
    kl_prior = (prior - log_q).mean(0)
    kl_post = (log_q - p.posterior(x).log_prob(z)).mean(0)
    return (prior + lik - log_q).mean(0), lik.mean(0) - kl_prior, p.log_evidence(x) - kl_post


# %% wrong kl_to_prior, from right distributions: The KL of form 3 is to the posterior p(z | x); you took the one to the prior.
# diagnosis: kl_to_prior
def three_forms(p, q, x, z):
    log_q, joint = q(x, z), p.log_joint(x, z)
    lik = p.log_factors(x, z)["likelihood"]
    kl = (log_q - (joint - lik)).mean(0)
    return (joint - log_q).mean(0), lik.mean(0) - kl, p.log_evidence(x) - kl


# %% wrong mean_over_batch, from right distributions: You averaged over the batch too. Every datum has an ELBO of its own: average over axis 0 alone.
# diagnosis: mean_over_batch
def three_forms(p, q, x, z):
    log_q, joint = q(x, z), p.log_joint(x, z)
    lik = p.log_factors(x, z)["likelihood"]
    return ((joint - log_q).mean(), (lik - log_q + joint - lik).mean(),
            (p.log_evidence(x) - log_q + p.posterior(x).log_prob(z)).mean())


# %% wrong one_form_thrice, from right distributions: Form 3 does not notice that this model's log_evidence and posterior were tampered with: it was computed from the joint, and is form 1 once more.
# diagnosis: one_form_thrice
def three_forms(p, q, x, z):
    value = (p.log_joint(x, z) - q(x, z)).mean(0)
    return value, value, value


# %% wrong prior_twice, from right distributions: The first term is the likelihood log p(x | z).
# diagnosis: prior_twice
def three_forms(p, q, x, z):
    log_q, joint = q(x, z), p.log_joint(x, z)
    factors = p.log_factors(x, z)
    factors.pop("likelihood")
    prior = sum(factors.values())
    return ((joint - log_q).mean(0), joint.mean(0) - (log_q - prior).mean(0),
            p.log_evidence(x) - (log_q - p.posterior(x).log_prob(z)).mean(0))


# %% wrong sum_over_samples, from right distributions: You summed over the K samples. An expectation is estimated by their mean, over axis 0.
# diagnosis: sum_over_samples
def three_forms(p, q, x, z):
    log_q, joint = q(x, z), p.log_joint(x, z)
    lik = p.log_factors(x, z)["likelihood"]
    prior = joint - lik
    return ((joint - log_q).sum(0), (lik - log_q + prior).sum(0), (p.log_evidence(x) - log_q + p.posterior(x).log_prob(z)).sum(0))
