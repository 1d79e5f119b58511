# %% right value_and_surrogate: The value, plus a surrogate minus itself.
def score_surrogate(p, q, x, z):
    log_p, log_q = p.log_joint(x, z), q(x, z)
    log_w = (log_p - log_q).detach()
    surrogate = (log_w * log_q + log_p).mean(0)
    return log_w.mean(0) + surrogate - surrogate.detach()


# %% right magic_box: A factor that is one, and whose slope is the score.
def score_surrogate(p, q, x, z):
    log_q = q(x, z)
    one = (log_q - log_q.detach()).exp()
    terms = one * (p.log_joint(x, z) - log_q.detach())
    return terms.mean(0)


# %% right by_hand: An autograd function with a backward pass of its own.
import torch


class Bound(torch.autograd.Function):
    @staticmethod
    def forward(ctx, log_p, log_q):
        log_w = log_p - log_q
        ctx.save_for_backward(log_w)
        return log_w.mean(0)

    @staticmethod
    def backward(ctx, grad):
        (log_w,) = ctx.saved_tensors
        each = grad.expand(log_w.shape) / log_w.shape[0]
        return each, each * log_w


def score_surrogate(p, q, x, z):
    return Bound.apply(p.log_joint(x, z), q(x, z))


# %% right sample_by_sample: A loop over the samples; each is a bound with a gradient of its own.
def score_surrogate(p, q, x, z):
    total = 0.0
    for k in range(z.shape[0]):
        log_p, log_q = p.log_joint(x, z[k : k + 1])[0], q(x, z[k : k + 1])[0]
        reward = log_p.detach() - log_q.detach()
        total = total + log_p - log_q.detach() + reward * (log_q - log_q.detach())
    return total / z.shape[0]


# %% wrong no_theta, from right value_and_surrogate: log w is detached once and for all, and theta with it.
# diagnosis: theta_lost
#-     surrogate = (log_w * log_q + log_p).mean(0)
#+     surrogate = (log_w * log_q).mean(0)


# %% wrong no_detach, from right value_and_surrogate: The reward keeps its graph; the product rule then differentiates it too.
# diagnosis: reward_attached
#-     log_w = (log_p - log_q).detach()
#-     surrogate = (log_w * log_q + log_p).mean(0)
#-     return log_w.mean(0) + surrogate - surrogate.detach()
#+     log_w = log_p - log_q
#+     surrogate = (log_w * log_q).mean(0)
#+     return log_w.detach().mean(0) + surrogate - surrogate.detach()


# %% wrong naive, from right value_and_surrogate: Backward through the estimate, as if the samples followed.
# diagnosis: naive
#-     log_w = (log_p - log_q).detach()
#-     surrogate = (log_w * log_q + log_p).mean(0)
#-     return log_w.mean(0) + surrogate - surrogate.detach()
#+     return (log_p - log_q).mean(0)


# %% wrong surrogate_returned, from right value_and_surrogate: The surrogate itself is returned: its gradient is right, its value means nothing.
# diagnosis: surrogate_value
#-     return log_w.mean(0) + surrogate - surrogate.detach()
#+     return surrogate


# %% wrong no_entropy, from right value_and_surrogate: The reward is log p alone, as in reinforcement learning.
# diagnosis: entropy_dropped
#-     surrogate = (log_w * log_q + log_p).mean(0)
#+     surrogate = (log_p.detach() * log_q + log_p).mean(0)


# %% wrong shared_reward, from right value_and_surrogate: The bound is the reward of every sample: the mean of log w times the mean score.
# diagnosis: reward_averaged
#-     surrogate = (log_w * log_q + log_p).mean(0)
#+     surrogate = (log_w.mean(0) * log_q + log_p).mean(0)


# %% wrong entropy_term, from right magic_box: log w keeps all of its graph under the magic box, so the score comes in once more, with a minus.
# diagnosis: naive_added
#-     terms = one * (p.log_joint(x, z) - log_q.detach())
#+     terms = one * (p.log_joint(x, z) - log_q)


# %% wrong own_baseline, from right value_and_surrogate: The mean of all K rewards is subtracted, its own among them.
# diagnosis: own_mean
#-     surrogate = (log_w * log_q + log_p).mean(0)
#+     surrogate = ((log_w - log_w.mean(0)) * log_q + log_p).mean(0)


# %% wrong summed, from right value_and_surrogate: Samples are summed in the surrogate and averaged in the value.
# diagnosis: sum_over_samples
#-     surrogate = (log_w * log_q + log_p).mean(0)
#+     surrogate = (log_w * log_q + log_p).sum(0)


# %% wrong loss, from right value_and_surrogate: The surrogate is turned, for an optimizer that minimizes; the value is not.
# diagnosis: loss
#-     return log_w.mean(0) + surrogate - surrogate.detach()
#+     return log_w.mean(0) - surrogate + surrogate.detach()
