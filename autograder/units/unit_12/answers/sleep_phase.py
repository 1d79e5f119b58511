# %% right formula: A factor for each bit, and the slopes.
import torch


def sleep_gradients(f, slopes, z):
    off = z - f
    asleep = off / (f * (1 - f))
    return torch.einsum("bd,bdp->p", asleep, slopes) / len(f), torch.einsum("bd,bdp->p", off, slopes) / len(f)


# %% right loops: Dream by dream and bit by bit, with the two cases written out.
import torch


def sleep_gradients(f, slopes, z):
    dreams, bits, parameters = slopes.shape
    first = torch.zeros(parameters, dtype=torch.float64)
    second = torch.zeros(parameters, dtype=torch.float64)
    for n in range(dreams):
        for d in range(bits):
            if z[n, d] == 1:
                first += slopes[n, d] / f[n, d]
                second += (1 - f[n, d]) * slopes[n, d]
            else:
                first -= slopes[n, d] / (1 - f[n, d])
                second -= f[n, d] * slopes[n, d]
    return first / dreams, second / dreams


# %% right autograd: f is moved along its slopes, and both objectives are differentiated there.
import torch


def sleep_gradients(f, slopes, z):
    step = torch.zeros(slopes.shape[-1], dtype=f.dtype, requires_grad=True)
    moved = f + slopes @ step
    log_q = torch.where(z == 1, moved, 1 - moved).log().sum(-1).mean()
    squares = -0.5 * (z - moved).pow(2).sum(-1).mean()
    return [torch.autograd.grad(one, step, retain_graph=True)[0] for one in (log_q, squares)]


# %% wrong squares_twice, from right formula: Least squares for both.
# diagnosis: order_swapped
#-     asleep = off / (f * (1 - f))
#+     asleep = off


# %% wrong exchanged, from right autograd: Least squares first.
# diagnosis: order_swapped
#-     return [torch.autograd.grad(one, step, retain_graph=True)[0] for one in (log_q, squares)]
#+     return [torch.autograd.grad(one, step, retain_graph=True)[0] for one in (squares, log_q)]


# %% wrong ones_only, from right autograd: log q of the bits that are one.
# diagnosis: zeros_forgotten
#-     log_q = torch.where(z == 1, moved, 1 - moved).log().sum(-1).mean()
#+     log_q = (z * moved.log()).sum(-1).mean()


# %% wrong plus, from right loops: The slope of log(1 - f) with the wrong sign.
# diagnosis: sign_of_zeros
#-                 first -= slopes[n, d] / (1 - f[n, d])
#+                 first += slopes[n, d] / (1 - f[n, d])


# %% wrong root, from right formula: Divided by the standard deviation.
# diagnosis: standard_scores
#-     asleep = off / (f * (1 - f))
#+     asleep = off / (f * (1 - f)).sqrt()


# %% wrong times_variance, from right formula: Multiplied by the variance of the bit.
# diagnosis: factor_of_logit
#-     asleep = off / (f * (1 - f))
#+     asleep = off * (f * (1 - f))


# %% wrong whole_squares, from right autograd: The squares without their half.
# diagnosis: half_lost
#-     squares = -0.5 * (z - moved).pow(2).sum(-1).mean()
#+     squares = -(z - moved).pow(2).sum(-1).mean()


# %% wrong clamped, from right formula: Probabilities are kept away from zero and one.
# diagnosis: value
#-     asleep = off / (f * (1 - f))
#+     asleep = off / (f * (1 - f)).clamp(min=1e-6)


# %% wrong eps, from right autograd: A small number inside the logarithm.
# diagnosis: value
#-     log_q = torch.where(z == 1, moved, 1 - moved).log().sum(-1).mean()
#+     log_q = (torch.where(z == 1, moved, 1 - moved) + 1e-8).log().sum(-1).mean()


# %% wrong summed, from right formula: Sums over the dreams.
# diagnosis: summed
#-     return torch.einsum("bd,bdp->p", asleep, slopes) / len(f), torch.einsum("bd,bdp->p", off, slopes) / len(f)
#+     return torch.einsum("bd,bdp->p", asleep, slopes), torch.einsum("bd,bdp->p", off, slopes)


# %% wrong all_numbers, from right autograd: The mean over bits, too.
# diagnosis: mean_over_bits
#-     log_q = torch.where(z == 1, moved, 1 - moved).log().sum(-1).mean()
#-     squares = -0.5 * (z - moved).pow(2).sum(-1).mean()
#+     log_q = torch.where(z == 1, moved, 1 - moved).log().mean()
#+     squares = -0.5 * (z - moved).pow(2).mean()


# %% wrong losses, from right autograd: Losses in place of what is climbed.
# diagnosis: downhill
#-     return [torch.autograd.grad(one, step, retain_graph=True)[0] for one in (log_q, squares)]
#+     return [torch.autograd.grad(-one, step, retain_graph=True)[0] for one in (log_q, squares)]
