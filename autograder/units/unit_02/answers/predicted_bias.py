# %% right expanded: The logarithm to second order.
import torch


def predicted_bias(first, second, num_samples, t):
    rho = second / first**2 - 1
    bias, variance = -rho / (2 * num_samples), rho / num_samples
    return torch.stack([bias, variance.sqrt(), t**2 * variance / bias**2])


# %% right solved: In terms of the mean's own variance; the replicates are solved for.
import torch


def predicted_bias(first, second, num_samples, t):
    square = ((second / first - first) / num_samples) / first       # of the mean, relative
    return [-square / 2, square**0.5, 4 * t * t / square]


# %% right loops: Datum by datum.
import torch


def predicted_bias(first, second, num_samples, t):
    rows = [[], [], []]
    for a, b in zip(first.reshape(-1), second.reshape(-1)):
        variance = (b / a / a - 1) / num_samples
        sd = torch.sqrt(variance)
        bias = -0.5 * variance
        rows[0].append(bias)
        rows[1].append(sd)
        rows[2].append((t * sd / bias) ** 2)
    return tuple(torch.stack(row).reshape(first.shape) for row in rows)


# %% wrong unit, from right expanded: The variance is not divided by the squared mean.
# diagnosis: not_relative
#-     rho = second / first**2 - 1
#+     rho = second - first**2


# %% wrong square, from right expanded: E w^2 for the variance.
# diagnosis: second_moment
#-     rho = second / first**2 - 1
#+     rho = second / first**2


# %% wrong half, from right expanded: The half is lost.
# diagnosis: half_lost
#-     bias, variance = -rho / (2 * num_samples), rho / num_samples
#+     bias, variance = -rho / num_samples, rho / num_samples


# %% wrong up, from right expanded: The bias is upwards.
# diagnosis: sign
#-     bias, variance = -rho / (2 * num_samples), rho / num_samples
#+     bias, variance = rho / (2 * num_samples), rho / num_samples


# %% wrong root, from right expanded: The bias is said to fall with the root of K.
# diagnosis: root_k
#-     bias, variance = -rho / (2 * num_samples), rho / num_samples
#+     bias, variance = -rho / (2 * num_samples**0.5), rho / num_samples


# %% wrong logs, from right expanded: The variance of log w, of a lognormal, for the relative variance of w.
# diagnosis: log_variance
#-     rho = second / first**2 - 1
#+     rho = (second / first**2).log()


# %% wrong one_mean, from right expanded: Divided by the mean once.
# diagnosis: divided_by_mean
#-     rho = second / first**2 - 1
#+     rho = (second - first**2) / first


# %% wrong variance, from right expanded: The second row is a variance.
# diagnosis: variance
#-     return torch.stack([bias, variance.sqrt(), t**2 * variance / bias**2])
#+     return torch.stack([bias, variance, t**2 * variance / bias**2])


# %% wrong linear_t, from right expanded: Twice the t for twice the replicates.
# diagnosis: t_not_squared
#-     return torch.stack([bias, variance.sqrt(), t**2 * variance / bias**2])
#+     return torch.stack([bias, variance.sqrt(), t * variance / bias**2])


# %% wrong fixed_t, from right expanded: The course's 4.5, whatever is asked.
# diagnosis: typical_t
#-     return torch.stack([bias, variance.sqrt(), t**2 * variance / bias**2])
#+     return torch.stack([bias, variance.sqrt(), 4.5**2 * variance / bias**2])


# %% wrong cut, from right expanded: The moments are detached.
# diagnosis: no_graph
#-     rho = second / first**2 - 1
#+     rho = (second / first**2 - 1).detach()


# %% wrong second_order, from right expanded: A lognormal's own second-order term is added, whatever the weights are.
# diagnosis: value
#-     bias, variance = -rho / (2 * num_samples), rho / num_samples
#+     bias, variance = -rho / (2 * num_samples) + (rho / num_samples) ** 2 / 4, rho / num_samples
