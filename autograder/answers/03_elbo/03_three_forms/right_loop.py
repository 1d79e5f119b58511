"""Idiom: a running sum in a loop over the samples, the prior got by subtraction."""
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
