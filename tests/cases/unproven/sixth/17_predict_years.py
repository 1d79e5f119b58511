import math

import numpy as np
import torch

from course_vi.models import LinearGaussianSSM


# %% right dense_leave_one_out: the inverse covariance of the data that were seen, and the leave-one-out formula
def predict_years(x, seen, start, start_var, move_var, data_var):
    # the data are one Gaussian; leaving one out is a formula in the inverse covariance of those that were seen
    steps = x.shape[-1]
    years = torch.arange(steps)
    level = start_var + move_var * torch.minimum(years[:, None], years[None, :]).double()
    rows, marks = x.reshape(-1, steps), seen.reshape(-1, steps)
    mean, variance = torch.empty(rows.shape, dtype=torch.float64), torch.empty(rows.shape, dtype=torch.float64)
    for b in range(len(rows)):
        here = marks[b].nonzero().squeeze(-1)
        y = rows[b, here] - start
        inverse = torch.linalg.inv(level[here][:, here] + data_var * torch.eye(len(here), dtype=torch.float64))
        pull = inverse @ y
        cross = level[:, here]
        mean[b] = start + cross @ pull
        variance[b] = level.diagonal() + data_var - (cross @ inverse * cross).sum(-1)
        mean[b, here] = rows[b, here] - pull / inverse.diagonal()
        variance[b, here] = 1 / inverse.diagonal()
    return mean.reshape(x.shape), variance.reshape(x.shape)


# %% right two_filters: a filter from either end in precisions, vectorised over series
def predict_years(x, seen, start, start_var, move_var, data_var):
    # what the past says of a level, what the future says, put together: two filters that meet, for all series at once
    steps = x.shape[-1]
    marks = seen.double()
    data = torch.where(seen, x, torch.zeros_like(x))
    past, prec, pull = [], torch.full(x.shape[:-1], 1.0 / start_var, dtype=torch.float64), torch.full(x.shape[:-1], start / start_var, dtype=torch.float64)
    for t in range(steps):
        if t:
            shrink = 1 / (1 + move_var * prec)
            prec, pull = prec * shrink, pull * shrink
        past.append((prec, pull))
        prec, pull = prec + marks[..., t] / data_var, pull + data[..., t] / data_var
    mean, variance = torch.empty_like(data), torch.empty_like(data)
    prec = pull = torch.zeros(x.shape[:-1], dtype=torch.float64)
    for t in reversed(range(steps)):
        shrink = 1 / (1 + move_var * prec)
        prec, pull = prec * shrink, pull * shrink
        total = past[t][0] + prec
        mean[..., t], variance[..., t] = (past[t][1] + pull) / total, 1 / total + data_var
        prec, pull = prec + marks[..., t] / data_var, pull + data[..., t] / data_var
    return mean, variance


# %% right hide_and_smooth: the course's smoother, a year hidden at a time
def predict_years(x, seen, start, start_var, move_var, data_var):
    # hides one year at a time and smooths, all at once along a new axis
    steps = x.shape[-1]
    one = torch.ones(1, 1, dtype=torch.float64)
    model = LinearGaussianSSM(one, one, move_var * one, data_var * one, start * one[0], start_var * one, steps=steps)
    hidden = seen.unsqueeze(-2) & ~torch.eye(steps, dtype=torch.bool)
    data = torch.where(seen, x, torch.zeros_like(x)).unsqueeze(-2).expand(hidden.shape)
    mean, variance = torch.empty_like(data[..., 0]), torch.empty_like(data[..., 0])
    with torch.no_grad():
        for place in np.ndindex(*hidden.shape[:-1]):
            found = model.smooth(data[place], seen=hidden[place])
            mean[place], variance[place] = found.loc[place[-1], 0], found.covariance[place[-1], 0, 0] + data_var
    return mean, variance


# %% wrong own_datum_kept: the smoother's answer, with the year's own datum; right for years that were not seen
def predict_years(x, seen, start, start_var, move_var, data_var):
    # what the past says of a level, what the future says, put together: two filters that meet, for all series at once
    steps = x.shape[-1]
    marks = seen.double()
    data = torch.where(seen, x, torch.zeros_like(x))
    past, prec, pull = [], torch.full(x.shape[:-1], 1.0 / start_var, dtype=torch.float64), torch.full(x.shape[:-1], start / start_var, dtype=torch.float64)
    for t in range(steps):
        if t:
            shrink = 1 / (1 + move_var * prec)
            prec, pull = prec * shrink, pull * shrink
        past.append((prec, pull))
        prec, pull = prec + marks[..., t] / data_var, pull + data[..., t] / data_var
    mean, variance = torch.empty_like(data), torch.empty_like(data)
    prec = pull = torch.zeros(x.shape[:-1], dtype=torch.float64)
    for t in reversed(range(steps)):
        shrink = 1 / (1 + move_var * prec)
        prec, pull = prec * shrink, pull * shrink
        total = past[t][0] + prec
        prec_t, pull_t = past[t][0] + prec + marks[..., t] / data_var, past[t][1] + pull + data[..., t] / data_var
        mean[..., t], variance[..., t] = pull_t / prec_t, 1 / prec_t + data_var
        prec, pull = prec + marks[..., t] / data_var, pull + data[..., t] / data_var
    return mean, variance


# %% wrong variance_of_the_level: the variance of the level; what is asked is a datum
def predict_years(x, seen, start, start_var, move_var, data_var):
    # what the past says of a level, what the future says, put together: two filters that meet, for all series at once
    steps = x.shape[-1]
    marks = seen.double()
    data = torch.where(seen, x, torch.zeros_like(x))
    past, prec, pull = [], torch.full(x.shape[:-1], 1.0 / start_var, dtype=torch.float64), torch.full(x.shape[:-1], start / start_var, dtype=torch.float64)
    for t in range(steps):
        if t:
            shrink = 1 / (1 + move_var * prec)
            prec, pull = prec * shrink, pull * shrink
        past.append((prec, pull))
        prec, pull = prec + marks[..., t] / data_var, pull + data[..., t] / data_var
    mean, variance = torch.empty_like(data), torch.empty_like(data)
    prec = pull = torch.zeros(x.shape[:-1], dtype=torch.float64)
    for t in reversed(range(steps)):
        shrink = 1 / (1 + move_var * prec)
        prec, pull = prec * shrink, pull * shrink
        total = past[t][0] + prec
        mean[..., t], variance[..., t] = (past[t][1] + pull) / total, 1 / total
        prec, pull = prec + marks[..., t] / data_var, pull + data[..., t] / data_var
    return mean, variance


# %% wrong noise_twice_when_seen: takes the datum's part out of the mean, and adds to the smoothed variance where seen, which is too small
def predict_years(x, seen, start, start_var, move_var, data_var):
    # what the past says of a level, what the future says, put together: two filters that meet, for all series at once
    steps = x.shape[-1]
    marks = seen.double()
    data = torch.where(seen, x, torch.zeros_like(x))
    past, prec, pull = [], torch.full(x.shape[:-1], 1.0 / start_var, dtype=torch.float64), torch.full(x.shape[:-1], start / start_var, dtype=torch.float64)
    for t in range(steps):
        if t:
            shrink = 1 / (1 + move_var * prec)
            prec, pull = prec * shrink, pull * shrink
        past.append((prec, pull))
        prec, pull = prec + marks[..., t] / data_var, pull + data[..., t] / data_var
    mean, variance = torch.empty_like(data), torch.empty_like(data)
    prec = pull = torch.zeros(x.shape[:-1], dtype=torch.float64)
    for t in reversed(range(steps)):
        shrink = 1 / (1 + move_var * prec)
        prec, pull = prec * shrink, pull * shrink
        total = past[t][0] + prec
        mean[..., t], variance[..., t] = (past[t][1] + pull) / total, 1 / (total + marks[..., t] / data_var) + data_var
        prec, pull = prec + marks[..., t] / data_var, pull + data[..., t] / data_var
    return mean, variance


# %% wrong past_only: predicts from the years before only; right for the last year
def predict_years(x, seen, start, start_var, move_var, data_var):
    # what the past says of a level, what the future says, put together: two filters that meet, for all series at once
    steps = x.shape[-1]
    marks = seen.double()
    data = torch.where(seen, x, torch.zeros_like(x))
    past, prec, pull = [], torch.full(x.shape[:-1], 1.0 / start_var, dtype=torch.float64), torch.full(x.shape[:-1], start / start_var, dtype=torch.float64)
    for t in range(steps):
        if t:
            shrink = 1 / (1 + move_var * prec)
            prec, pull = prec * shrink, pull * shrink
        past.append((prec, pull))
        prec, pull = prec + marks[..., t] / data_var, pull + data[..., t] / data_var
    mean, variance = torch.empty_like(data), torch.empty_like(data)
    prec = pull = torch.zeros(x.shape[:-1], dtype=torch.float64)
    for t in reversed(range(steps)):
        shrink = 1 / (1 + move_var * prec)
        prec, pull = prec * shrink, pull * shrink
        total = past[t][0] + prec
        mean[..., t], variance[..., t] = past[t][1] / past[t][0], 1 / past[t][0] + data_var
        prec, pull = prec + marks[..., t] / data_var, pull + data[..., t] / data_var
    return mean, variance


# %% wrong gaps_of_the_first: all series share the gaps of the first, as covariances then do in the course's smoother; right for one series
def predict_years(x, seen, start, start_var, move_var, data_var):
    # what the past says of a level, what the future says, put together: two filters that meet, for all series at once
    steps = x.shape[-1]
    seen = seen.reshape(-1, steps)[:1].expand(seen[..., 0].numel(), -1).reshape(seen.shape)
    x = torch.where(x.isnan(), torch.full_like(x, start), x)
    marks = seen.double()
    data = torch.where(seen, x, torch.zeros_like(x))
    past, prec, pull = [], torch.full(x.shape[:-1], 1.0 / start_var, dtype=torch.float64), torch.full(x.shape[:-1], start / start_var, dtype=torch.float64)
    for t in range(steps):
        if t:
            shrink = 1 / (1 + move_var * prec)
            prec, pull = prec * shrink, pull * shrink
        past.append((prec, pull))
        prec, pull = prec + marks[..., t] / data_var, pull + data[..., t] / data_var
    mean, variance = torch.empty_like(data), torch.empty_like(data)
    prec = pull = torch.zeros(x.shape[:-1], dtype=torch.float64)
    for t in reversed(range(steps)):
        shrink = 1 / (1 + move_var * prec)
        prec, pull = prec * shrink, pull * shrink
        total = past[t][0] + prec
        mean[..., t], variance[..., t] = (past[t][1] + pull) / total, 1 / total + data_var
        prec, pull = prec + marks[..., t] / data_var, pull + data[..., t] / data_var
    return mean, variance


# %% wrong flat_start: a flat prior of the first level (start_var as good as infinite): fine for long series, wrong near the beginning and where nothing was seen
def predict_years(x, seen, start, start_var, move_var, data_var):
    # what the past says of a level, what the future says, put together: two filters that meet, for all series at once
    steps = x.shape[-1]
    marks = seen.double()
    data = torch.where(seen, x, torch.zeros_like(x))
    past, prec, pull = [], torch.full(x.shape[:-1], 1e-12, dtype=torch.float64), torch.full(x.shape[:-1], start * 1e-12, dtype=torch.float64)
    for t in range(steps):
        if t:
            shrink = 1 / (1 + move_var * prec)
            prec, pull = prec * shrink, pull * shrink
        past.append((prec, pull))
        prec, pull = prec + marks[..., t] / data_var, pull + data[..., t] / data_var
    mean, variance = torch.empty_like(data), torch.empty_like(data)
    prec = pull = torch.zeros(x.shape[:-1], dtype=torch.float64)
    for t in reversed(range(steps)):
        shrink = 1 / (1 + move_var * prec)
        prec, pull = prec * shrink, pull * shrink
        total = past[t][0] + prec
        mean[..., t], variance[..., t] = (past[t][1] + pull) / total, 1 / total + data_var
        prec, pull = prec + marks[..., t] / data_var, pull + data[..., t] / data_var
    return mean, variance


# %% wrong moved_before_first: the first level has moved once, too: variance start_var + move_var; z_1 has start_var
def predict_years(x, seen, start, start_var, move_var, data_var):
    # what the past says of a level, what the future says, put together: two filters that meet, for all series at once
    steps = x.shape[-1]
    marks = seen.double()
    data = torch.where(seen, x, torch.zeros_like(x))
    past, prec, pull = [], torch.full(x.shape[:-1], 1.0 / start_var, dtype=torch.float64), torch.full(x.shape[:-1], start / start_var, dtype=torch.float64)
    for t in range(steps):
        shrink = 1 / (1 + move_var * prec)
        prec, pull = prec * shrink, pull * shrink
        past.append((prec, pull))
        prec, pull = prec + marks[..., t] / data_var, pull + data[..., t] / data_var
    mean, variance = torch.empty_like(data), torch.empty_like(data)
    prec = pull = torch.zeros(x.shape[:-1], dtype=torch.float64)
    for t in reversed(range(steps)):
        shrink = 1 / (1 + move_var * prec)
        prec, pull = prec * shrink, pull * shrink
        total = past[t][0] + prec
        mean[..., t], variance[..., t] = (past[t][1] + pull) / total, 1 / total + data_var
        prec, pull = prec + marks[..., t] / data_var, pull + data[..., t] / data_var
    return mean, variance


# %% wrong nan_zeroed_in_place: zeroes the NaN in the caller's x; right answers, and the argument is spoilt
def predict_years(x, seen, start, start_var, move_var, data_var):
    # what the past says of a level, what the future says, put together: two filters that meet, for all series at once
    steps = x.shape[-1]
    marks = seen.double()
    x[~seen] = 0.0
    data = x
    past, prec, pull = [], torch.full(x.shape[:-1], 1.0 / start_var, dtype=torch.float64), torch.full(x.shape[:-1], start / start_var, dtype=torch.float64)
    for t in range(steps):
        if t:
            shrink = 1 / (1 + move_var * prec)
            prec, pull = prec * shrink, pull * shrink
        past.append((prec, pull))
        prec, pull = prec + marks[..., t] / data_var, pull + data[..., t] / data_var
    mean, variance = torch.empty_like(data), torch.empty_like(data)
    prec = pull = torch.zeros(x.shape[:-1], dtype=torch.float64)
    for t in reversed(range(steps)):
        shrink = 1 / (1 + move_var * prec)
        prec, pull = prec * shrink, pull * shrink
        total = past[t][0] + prec
        mean[..., t], variance[..., t] = (past[t][1] + pull) / total, 1 / total + data_var
        prec, pull = prec + marks[..., t] / data_var, pull + data[..., t] / data_var
    return mean, variance


# %% wrong mask_over_number: divides the mask by a number, which is single precision; seven digits are asked
def predict_years(x, seen, start, start_var, move_var, data_var):
    # what the past says of a level, what the future says, put together: two filters that meet, for all series at once
    steps = x.shape[-1]
    marks = seen.float()
    data = torch.where(seen, x, torch.zeros_like(x))
    past, prec, pull = [], torch.full(x.shape[:-1], 1.0 / start_var, dtype=torch.float64), torch.full(x.shape[:-1], start / start_var, dtype=torch.float64)
    for t in range(steps):
        if t:
            shrink = 1 / (1 + move_var * prec)
            prec, pull = prec * shrink, pull * shrink
        past.append((prec, pull))
        prec, pull = prec + marks[..., t] / data_var, pull + data[..., t] / data_var
    mean, variance = torch.empty_like(data), torch.empty_like(data)
    prec = pull = torch.zeros(x.shape[:-1], dtype=torch.float64)
    for t in reversed(range(steps)):
        shrink = 1 / (1 + move_var * prec)
        prec, pull = prec * shrink, pull * shrink
        total = past[t][0] + prec
        mean[..., t], variance[..., t] = (past[t][1] + pull) / total, 1 / total + data_var
        prec, pull = prec + marks[..., t] / data_var, pull + data[..., t] / data_var
    return mean, variance


# %% wrong gap_as_huge_noise: an unseen year is a measurement with a variance of a million times data_var at 0, instead of none
def predict_years(x, seen, start, start_var, move_var, data_var):
    # what the past says of a level, what the future says, put together: two filters that meet, for all series at once
    steps = x.shape[-1]
    marks = torch.where(seen, 1.0, 1e-6).double()
    data = torch.where(seen, x, torch.zeros_like(x))
    past, prec, pull = [], torch.full(x.shape[:-1], 1.0 / start_var, dtype=torch.float64), torch.full(x.shape[:-1], start / start_var, dtype=torch.float64)
    for t in range(steps):
        if t:
            shrink = 1 / (1 + move_var * prec)
            prec, pull = prec * shrink, pull * shrink
        past.append((prec, pull))
        prec, pull = prec + marks[..., t] / data_var, pull + data[..., t] / data_var
    mean, variance = torch.empty_like(data), torch.empty_like(data)
    prec = pull = torch.zeros(x.shape[:-1], dtype=torch.float64)
    for t in reversed(range(steps)):
        shrink = 1 / (1 + move_var * prec)
        prec, pull = prec * shrink, pull * shrink
        total = past[t][0] + prec
        mean[..., t], variance[..., t] = (past[t][1] + pull) / total, 1 / total + data_var
        prec, pull = prec + marks[..., t] / data_var, pull + data[..., t] / data_var
    return mean, variance


# %% wrong centred_by_its_mean: subtracts the mean of the data seen and takes it for start; start is given
def predict_years(x, seen, start, start_var, move_var, data_var):
    # what the past says of a level, what the future says, put together: two filters that meet, for all series at once
    steps = x.shape[-1]
    start = torch.where(seen.any(-1), x.nanmean(-1), torch.tensor(float(start), dtype=x.dtype))
    marks = seen.double()
    data = torch.where(seen, x, torch.zeros_like(x))
    past, prec, pull = [], torch.full(x.shape[:-1], 1.0 / start_var, dtype=torch.float64), start / start_var
    for t in range(steps):
        if t:
            shrink = 1 / (1 + move_var * prec)
            prec, pull = prec * shrink, pull * shrink
        past.append((prec, pull))
        prec, pull = prec + marks[..., t] / data_var, pull + data[..., t] / data_var
    mean, variance = torch.empty_like(data), torch.empty_like(data)
    prec = pull = torch.zeros(x.shape[:-1], dtype=torch.float64)
    for t in reversed(range(steps)):
        shrink = 1 / (1 + move_var * prec)
        prec, pull = prec * shrink, pull * shrink
        total = past[t][0] + prec
        mean[..., t], variance[..., t] = (past[t][1] + pull) / total, 1 / total + data_var
        prec, pull = prec + marks[..., t] / data_var, pull + data[..., t] / data_var
    return mean, variance


# %% wrong gap_filled_with_start: fills gaps with start and takes them for measurements; right without gaps
def predict_years(x, seen, start, start_var, move_var, data_var):
    # what the past says of a level, what the future says, put together: two filters that meet, for all series at once
    steps = x.shape[-1]
    marks = torch.ones_like(x)
    data = torch.where(seen, x, torch.full_like(x, start))
    past, prec, pull = [], torch.full(x.shape[:-1], 1.0 / start_var, dtype=torch.float64), torch.full(x.shape[:-1], start / start_var, dtype=torch.float64)
    for t in range(steps):
        if t:
            shrink = 1 / (1 + move_var * prec)
            prec, pull = prec * shrink, pull * shrink
        past.append((prec, pull))
        prec, pull = prec + marks[..., t] / data_var, pull + data[..., t] / data_var
    mean, variance = torch.empty_like(data), torch.empty_like(data)
    prec = pull = torch.zeros(x.shape[:-1], dtype=torch.float64)
    for t in reversed(range(steps)):
        shrink = 1 / (1 + move_var * prec)
        prec, pull = prec * shrink, pull * shrink
        total = past[t][0] + prec
        mean[..., t], variance[..., t] = (past[t][1] + pull) / total, 1 / total + data_var
        prec, pull = prec + marks[..., t] / data_var, pull + data[..., t] / data_var
    return mean, variance
