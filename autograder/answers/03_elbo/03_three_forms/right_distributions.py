"""Idiom: prior, likelihood and posterior as distributions."""


def three_forms(p, q, x, z):
    log_q = q.distribution(x).log_prob(z)
    log_prior = p.prior().log_prob(z)
    log_lik = p.likelihood(z).log_prob(x)
    entropy = -log_q.mean(0)
    kl_prior = (log_q - log_prior).mean(0)
    kl_posterior = (log_q - p.posterior(x).log_prob(z)).mean(0)
    return p.log_joint(x, z).mean(0) + entropy, log_lik.mean(0) - kl_prior, p.log_evidence(x) - kl_posterior
