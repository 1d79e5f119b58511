"""Idiom: averages first, through torch.mean and a dictionary of estimates; q by its Cholesky factor where it has one."""
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
