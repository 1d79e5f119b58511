import torch
from torch import Tensor

# %% right own_backward: an autograd.Function whose forward is the bound and whose backward is written by hand
class Bound(torch.autograd.Function):
    @staticmethod
    def forward(log_p, log_q):
        return (log_p - log_q).mean(0)

    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.save_for_backward(*inputs)

    @staticmethod
    def backward(ctx, grad):
        log_p, log_q = ctx.saved_tensors
        each = (grad / log_p.shape[0]).expand_as(log_p)
        return each, each * (log_p - log_q)


def score_surrogate(p, q, x: Tensor, z: Tensor) -> Tensor:
    return Bound.apply(p.log_joint(x, z), q(x, z))

# %% wrong graph_of_the_bound: adds the score part to the bound with its whole graph, so -grad log q (mean zero, hence never noticed on average) stays in
def score_surrogate(p, q, x: Tensor, z: Tensor) -> Tensor:
    log_q = q(x, z)
    log_w = p.log_joint(x, z) - log_q
    score = log_w.detach() * log_q
    return (log_w + score - score.detach()).mean(0)

# %% wrong product_of_means: multiplies the mean reward by the mean score, as if the mean of a product were the product of means (right for one sample)
def score_surrogate(p, q, x: Tensor, z: Tensor) -> Tensor:
    log_p, log_q = p.log_joint(x, z).mean(0), q(x, z).mean(0)
    bound = (log_p - log_q).detach()
    part = bound * log_q + log_p
    return bound + part - part.detach()

# %% wrong gradient_of_the_batch_mean: the scalar loss of a training loop is put behind every datum, so the sum over data has the right gradient and no single datum has
def score_surrogate(p, q, x: Tensor, z: Tensor) -> Tensor:
    log_p, log_q = p.log_joint(x, z), q(x, z)
    log_w = (log_p - log_q).detach()
    surrogate = (log_w * log_q + log_p).mean(0)
    loss = surrogate.mean()
    return log_w.mean(0) + (loss - loss.detach())

# %% wrong reward_of_the_whole_batch: every datum's score is paid with the summed log weight of all data, because the objective is the sum; unbiased for the sum, and not what is asked
def score_surrogate(p, q, x: Tensor, z: Tensor) -> Tensor:
    log_p, log_q = p.log_joint(x, z), q(x, z)
    log_w = (log_p - log_q).detach()
    reward = log_w
    for axis in range(1, log_w.dim()):
        reward = reward.sum(axis, keepdim=True)
    part = (reward * log_q + log_p).mean(0)
    return log_w.mean(0) + part - part.detach()
