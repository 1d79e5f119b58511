# %% right cavity: The course's smoother, and each year's own measurement divided out again.
import torch

from course_vi.models import LinearGaussianSSM


def predict_years(x, seen, start, start_var, move_var, data_var):
    one = torch.ones(1, 1, dtype=x.dtype)
    p = LinearGaussianSSM(one, one, move_var * one, data_var * one, start * one[0], start_var * one, x.shape[-1])
    with torch.no_grad():
        found = p.smooth(x, seen=seen)
    loc, var = found.loc.squeeze(-1), found.covariance.squeeze(-1).squeeze(-1)
    var = var.expand_as(loc)
    own = seen.to(x.dtype) / data_var
    precision = 1 / var - own
    mean = (loc / var - own * torch.where(seen, x, 0.0)) / precision
    return torch.stack([mean, 1 / precision + data_var])


# %% right left_out: The course's smoother once for each year, with that year unseen.
import torch

from course_vi.models import LinearGaussianSSM


def predict_years(x, seen, start, start_var, move_var, data_var):
    T = x.shape[-1]
    made = [torch.tensor([[value]], dtype=torch.float64) for value in (1.0, 1.0, move_var, data_var)]
    p = LinearGaussianSSM(*made, torch.tensor([start], dtype=torch.float64), torch.tensor([[start_var]], dtype=torch.float64), T)
    means, variances = [], []
    for t in range(T):
        kept = seen.clone()
        kept[..., t] = False
        found = p.smooth(x, seen=kept)
        covs = found.covariance[..., t, 0, 0].detach()
        means.append(found.loc[..., t, 0].detach())
        variances.append(covs.expand(x.shape[:-1]) + data_var)
    return torch.stack(means, -1), torch.stack(variances, -1)


# %% right dense: One joint Gaussian of all years, conditioned series by series and year by year; NumPy.
import numpy as np


def predict_years(x, seen, start, start_var, move_var, data_var):
    x, seen = x.numpy(), seen.numpy()
    T = x.shape[-1]
    t = np.arange(T)
    cov = start_var + move_var * np.minimum(t[:, None], t[None]) + data_var * np.eye(T)
    out = np.zeros((2, x.size // T, T))
    for b, (row, there) in enumerate(zip(x.reshape(-1, T), seen.reshape(-1, T))):
        for year in t:
            given = [s for s in t if there[s] and s != year]
            if given:
                gain = np.linalg.solve(cov[np.ix_(given, given)], cov[given, year])
                out[0, b, year] = start + gain @ (row[given] - start)
                out[1, b, year] = cov[year, year] - gain @ cov[given, year]
            else:
                out[:, b, year] = start, cov[year, year]
    return out.reshape(2, *x.shape)


# %% right two_filters: A filter forwards and one backwards, which meet at every year, each without it.
import torch


def messages(x, seen, move_var, data_var, mean, var):
    """Mean and variance of each level given what lies before it in this direction."""
    means, variances = [], []
    for t in range(x.shape[-1]):
        means.append(mean)
        variances.append(var)
        gain = torch.where(seen[..., t], var / (var + data_var), torch.zeros_like(var))
        mean = mean + gain * (torch.where(seen[..., t], x[..., t], 0.0) - mean)
        var = (1 - gain) * var + move_var
    return torch.stack(means, -1), torch.stack(variances, -1)


def predict_years(x, seen, start, start_var, move_var, data_var):
    like = torch.zeros(x.shape[:-1], dtype=x.dtype)
    ahead, ahead_var = messages(x, seen, move_var, data_var, like + start, like + start_var)
    # backwards as precision and precision times mean: nothing is known at the end
    precision, pull, back = like, like, []
    for t in reversed(range(x.shape[-1])):
        back.insert(0, (precision, pull))
        precision = precision + seen[..., t].double() / data_var
        pull = pull + torch.where(seen[..., t], x[..., t], 0.0) / data_var
        shrink = 1 / (1 + move_var * precision)
        precision, pull = precision * shrink, pull * shrink
    precision, pull = (torch.stack(part, -1) for part in zip(*back))
    total = precision + 1 / ahead_var
    return torch.stack([(pull + ahead / ahead_var) / total, 1 / total + data_var])


# %% wrong smoother, from right cavity: The smoother as it is: each year that was seen helps to predict itself.
# diagnosis: own_year_used
#-     precision = 1 / var - own
#-     mean = (loc / var - own * torch.where(seen, x, 0.0)) / precision
#+     precision = 1 / var
#+     mean = loc


# %% wrong of_the_level, from right cavity: The level's variance: a measurement has noise of its own.
# diagnosis: of_the_level
#-     return torch.stack([mean, 1 / precision + data_var])
#+     return torch.stack([mean, 1 / precision])


# %% wrong past_alone, from right two_filters: What is ahead is not looked at: a forecast for every year.
# diagnosis: past_alone
#-     return torch.stack([(pull + ahead / ahead_var) / total, 1 / total + data_var])
#+     return torch.stack([ahead, ahead_var + data_var])


# %% wrong zeros, from right cavity: Missing years as zeros that were seen.
# diagnosis: zeros_for_missing
#-     with torch.no_grad():
#-         found = p.smooth(x, seen=seen)
#+     x, seen = torch.where(seen, x, 0.0), torch.ones_like(seen)
#+     with torch.no_grad():
#+         found = p.smooth(x)


# %% wrong filled, from right cavity: Missing years filled with the mean of the start.
# diagnosis: start_for_missing
#-     with torch.no_grad():
#-         found = p.smooth(x, seen=seen)
#+     x, seen = torch.where(seen, x, start), torch.ones_like(seen)
#+     with torch.no_grad():
#+         found = p.smooth(x)


# %% wrong seen_returned, from right cavity: What was seen is known, and comes back with variance zero.
# diagnosis: seen_returned
#-     return torch.stack([mean, 1 / precision + data_var])
#+     return torch.stack([torch.where(seen, x, mean), torch.where(seen, 0.0, 1 / precision + data_var)])


# %% wrong deviation, from right cavity: Standard deviations.
# diagnosis: deviation
#-     return torch.stack([mean, 1 / precision + data_var])
#+     return torch.stack([mean, (1 / precision + data_var).sqrt()])


# %% wrong neighbours, from right dense: The years next to it are the best, and only they are used.
# diagnosis: neighbours_alone
#-             given = [s for s in t if there[s] and s != year]
#+             given = [s for s in t if there[s] and abs(s - year) == 1]


# %% wrong no_move, from right two_filters: The level stands still in years that were not seen.
# diagnosis: value or described
#-         var = (1 - gain) * var + move_var
#+         var = (1 - gain) * var + move_var * seen[..., t]
#@@
#-         shrink = 1 / (1 + move_var * precision)
#+         shrink = 1 / (1 + move_var * precision * seen[..., t])


# %% wrong nan_as_missing, from right left_out: A batch shares the years that the first series has not seen.
# diagnosis: value or described
#-         kept = seen.clone()
#+         kept = seen.reshape(-1, T)[0].expand_as(seen).clone() & seen


# %% wrong first_sees_itself, from right dense: The first year is never left out: it is taken for the start.
# diagnosis: value or described
#-             given = [s for s in t if there[s] and s != year]
#+             given = [s for s in t if there[s] and (s != year or s == 0)]
