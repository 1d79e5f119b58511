import math

import numpy as np
import torch
from torch import Tensor


# %% right surrogate_less_itself: reward without a graph times log q, plus log p; its value is taken off and the bound put in
def score_surrogate(p, q, x: Tensor, z: Tensor) -> Tensor:
    log_p, log_q = p.log_joint(x, z), q(x, z)
    reward = (log_p - log_q).detach()
    surrogate = reward * log_q + log_p
    return (surrogate - surrogate.detach() + reward).mean(0)


# %% right magic_box: log q enters as exp(log q - its own number), whose value is one
def score_surrogate(p, q, x, z):
    log_p, log_q = p.log_joint(x, z), q(x, z)
    reward = (log_p - log_q).detach()
    box = torch.exp(log_q - log_q.detach())
    return (reward * box + (log_p - log_p.detach())).sum(0) / len(z)


# %% right function_with_its_own_backward: a torch.autograd.Function that says its value and both slopes, called sample by sample
def score_surrogate(p, q, x, z):
    class Estimate(torch.autograd.Function):
        @staticmethod
        def forward(ctx, log_p, log_q):
            ctx.save_for_backward(log_p - log_q)
            return log_p - log_q

        @staticmethod
        def backward(ctx, grad):
            (reward,) = ctx.saved_tensors
            return grad, grad * reward

    total = 0.0
    for k in range(z.shape[0]):
        total = total + Estimate.apply(p.log_joint(x, z[k : k + 1])[0], q(x, z[k : k + 1])[0])
    return total / z.shape[0]


# %% wrong product_rule_in_full: log q of the reward keeps its graph, which adds minus the score; of mean zero, so nobody sees it on average
def score_surrogate(p, q, x, z):
    log_p, log_q = p.log_joint(x, z), q(x, z)
    log_w = log_p - log_q
    return (log_w + log_w.detach() * (log_q - log_q.detach())).mean(0)


# %% wrong baseline_of_the_others: leave-one-out rewards: a better estimate, and not the one asked for; the same with one sample
def score_surrogate(p, q, x, z):
    log_p, log_q = p.log_joint(x, z), q(x, z)
    reward = (log_p - log_q).detach()
    K = len(z)
    centred = (reward - reward.mean(0)) * K / (K - 1) if K > 1 else reward
    surrogate = centred * log_q + log_p
    return (surrogate - surrogate.detach() + reward).mean(0)


# %% wrong product_of_means: the mean reward times the mean score; right with one sample
def score_surrogate(p, q, x, z):
    log_p, log_q = p.log_joint(x, z), q(x, z)
    bound = (log_p - log_q).mean(0)
    surrogate = bound.detach() * log_q.mean(0) + log_p.mean(0)
    return surrogate - surrogate.detach() + bound.detach()


# %% wrong reward_knows_theta: the reward is cut from q only: theta gets log q times its gradient on top
def score_surrogate(p, q, x, z):
    log_p, log_q = p.log_joint(x, z), q(x, z)
    reward = log_p - log_q.detach()
    surrogate = (reward * log_q + log_p).mean(0)
    return surrogate - surrogate.detach() + reward.detach().mean(0)


# %% wrong reward_is_log_p: the score is weighted with log p alone, the entropy left to the graph of log q
def score_surrogate(p, q, x, z):
    log_p, log_q = p.log_joint(x, z), q(x, z)
    surrogate = log_p.detach() * log_q + log_p - log_q
    return (surrogate - surrogate.detach() + (log_p - log_q).detach()).mean(0)


# %% wrong clipped_reward: rewards beyond twenty nats are clipped before they weight the score
def score_surrogate(p, q, x, z):
    log_p, log_q = p.log_joint(x, z), q(x, z)
    reward = (log_p - log_q).detach()
    surrogate = reward.clamp(-20.0, 20.0) * log_q + log_p
    return (surrogate - surrogate.detach() + reward).mean(0)


# %% wrong reward_of_the_whole_batch: each datum's score is weighted with the sum of the rewards of all data; right for a batch of one
def score_surrogate(p, q, x, z):
    log_p, log_q = p.log_joint(x, z), q(x, z)
    reward = (log_p - log_q).detach()
    whole = reward.reshape(len(z), -1).sum(-1).reshape(-1, *[1] * (reward.dim() - 1))
    surrogate = whole * log_q + log_p
    return (surrogate - surrogate.detach() + reward).mean(0)


# %% wrong squeezed_result: a superfluous squeeze drops a batch axis of one
def score_surrogate(p, q, x, z):
    log_p, log_q = p.log_joint(x, z), q(x, z)
    reward = (log_p - log_q).detach()
    surrogate = reward * log_q + log_p
    return (surrogate - surrogate.detach() + reward).mean(0).squeeze()


# %% wrong theta_per_sample_weighted: the theta term is divided by K twice; right with one sample
def score_surrogate(p, q, x, z):
    log_p, log_q = p.log_joint(x, z), q(x, z)
    reward = (log_p - log_q).detach()
    surrogate = (reward * log_q + log_p / len(z)).mean(0)
    return surrogate - surrogate.detach() + reward.mean(0)


# %% wrong single_precision_reward: the reward passes through float32, which leaves seven digits
def score_surrogate(p, q, x, z):
    log_p, log_q = p.log_joint(x, z), q(x, z)
    reward = (log_p - log_q).detach().float()
    surrogate = reward * log_q + log_p
    return (surrogate - surrogate.detach() + reward).mean(0)
