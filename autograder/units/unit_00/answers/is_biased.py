# %% right no_division: Compares distances, so that nothing is divided by a spread of zero.
import torch


def is_biased(draw, exact):
    samples = draw(10_000)
    exact = torch.as_tensor(exact, dtype=samples.dtype)
    error = samples.std(0) / len(samples) ** 0.5
    off = (samples.mean(0) - exact).abs()
    return bool((off > 5 * error + 1e-9 * exact.abs()).any())


# %% right p_values: Student's p-value of each entry, against a thousandth shared among the entries.
import numpy as np
from scipy import stats


def is_biased(draw, exact):
    samples = draw(8000).numpy().reshape(8000, -1)
    exact = np.atleast_1d(np.asarray(exact))
    off = np.abs(samples.mean(0) - exact)
    error = np.maximum(stats.sem(samples, axis=0), 1e-12 * np.abs(exact) + 1e-300)
    p = 2 * stats.t.sf(off / error, df=len(samples) - 1)
    return p.min() < 2e-4 / len(p)


# %% right two_looks: A second look, at fresh replicates, where the first was suspicious.
import torch


def look(draw, count, exact, limit):
    samples = draw(count)
    error = (samples.var(0) / count).sqrt()
    gap = (samples.mean(0) - exact).abs()
    certain = error <= 1e-10 * (gap + abs(exact))
    z = torch.where(certain, 1e9 * (gap > 1e-9 * abs(exact)), gap / error)
    return z.reshape(-1).argmax(), z.max() > limit


def is_biased(draw, exact):
    first, suspicious = look(draw, 4000, exact, 3.5)
    if not suspicious:
        return torch.tensor(False)
    second, confirmed = look(draw, 6000, exact, 4.5)
    return confirmed


# %% right entry_by_entry: A loop over the entries, and Python's own sums, in blocks of replicates.
import math


def is_biased(draw, exact):
    count, blocks = 1000, [draw(1000).reshape(1000, -1) for _ in range(8)]
    answers = [exact] if isinstance(exact, float) else exact.tolist()
    for entry, answer in enumerate(answers):
        centred = [block[:, entry] - answer for block in blocks]
        total = sum(float(part.sum()) for part in centred)
        squares = sum(float((part * part).sum()) for part in centred)
        mean = total / (len(blocks) * count)
        variance = squares / (len(blocks) * count) - mean * mean
        error = math.sqrt(max(variance, 0.0) / (len(blocks) * count))
        if abs(mean) > 5 * error + 1e-10 * abs(answer):
            return True
    return False


# %% wrong mean_only, from right no_division: The mean is compared for equality: chance alone makes every estimator look biased.
# diagnosis: false_alarms
#-     return bool((off > 5 * error + 1e-9 * exact.abs()).any())
#+     return bool((off > 1e-9 * exact.abs()).any())


# %% wrong threshold_two, from right no_division: Two standard errors are the habit of papers; one right estimator in twenty lies beyond them.
# diagnosis: false_alarms
#-     return bool((off > 5 * error + 1e-9 * exact.abs()).any())
#+     return bool((off > 2 * error + 1e-9 * exact.abs()).any())


# %% wrong threshold_three, from right no_division: "z = 3: wrong with 99.7%" is the chance of z given a right estimator, turned round; sixty entries have sixty such chances.
# diagnosis: per_entry
#-     return bool((off > 5 * error + 1e-9 * exact.abs()).any())
#+     return bool((off > 3 * error + 1e-9 * exact.abs()).any())


# %% wrong thousand_replicates, from right no_division: A thousand sounds like many, but a tenth of the spread is then three standard errors, and five are asked for.
# diagnosis: too_few
#-     samples = draw(10_000)
#+     samples = draw(1000)


# %% wrong standard_deviation, from right no_division: The spread of one estimate stands for that of their mean, so that no bias is ever large enough.
# diagnosis: missed
#-     error = samples.std(0) / len(samples) ** 0.5
#+     error = samples.std(0)


# %% wrong fixed_tolerance, from right no_division: A tolerance that suits numbers of size one knows nothing of the noise.
# diagnosis: in_spreads
#-     return bool((off > 5 * error + 1e-9 * exact.abs()).any())
#+     return bool((off > 0.06).any())


# %% wrong p_value_turned, from right p_values: A large p-value is taken for a large probability of bias, which is the wrong way round.
# diagnosis: inverted
#-     return p.min() < 2e-4 / len(p)
#+     return p.min() > 2e-4 / len(p)


# %% wrong uncorrected, from right p_values: Each entry is tested at a thousandth, as if it were alone; with sixty of them one call in seventeen is a false alarm.
# diagnosis: per_entry
#-     return p.min() < 2e-4 / len(p)
#+     return p.min() < 1e-3


# %% wrong entries_averaged, from right no_division: Averaged over the entries first: a bias in one of sixty is diluted until nothing is left.
# diagnosis: missed
#-     off = (samples.mean(0) - exact).abs()
#-     return bool((off > 5 * error + 1e-9 * exact.abs()).any())
#+     off, error = (samples - exact).mean().abs(), error.mean() / exact.numel() ** 0.5
#+     return bool(off > 5 * error + 1e-9 * exact.abs().max())


# %% wrong one_sided, from right no_division: The absolute value is forgotten: an estimate that is too small never exceeds a limit.
# diagnosis: one_sided
#-     off = (samples.mean(0) - exact).abs()
#+     off = samples.mean(0) - exact


# %% wrong chi_square, from right p_values: The squares of all z-scores are added up as if the entries were independent of one another.
# diagnosis: common_noise
#-     p = 2 * stats.t.sf(off / error, df=len(samples) - 1)
#-     return p.min() < 2e-4 / len(p)
#+     z = off / error
#+     return stats.chi2.sf((z**2).sum(), df=len(z)) < 2e-4


# %% wrong zero_over_zero, from right no_division: An entry that never varies gives 0 / 0, and the largest of numbers of which one is NaN is NaN.
# diagnosis: silent_entry
#-     return bool((off > 5 * error + 1e-9 * exact.abs()).any())
#+     certain = (error <= 1e-12 * exact.abs()) & (off <= 1e-9 * exact.abs())
#+     z = torch.where(certain, torch.nan, off / error)
#+     return bool(z.max() > 5)


# %% wrong rounding, from right no_division: A constant has a spread of 1e-17 and a mean that is off by as much: rounding, judged as noise.
# diagnosis: silent
#-     return bool((off > 5 * error + 1e-9 * exact.abs()).any())
#+     return bool((off > 5 * error).any())


# %% wrong peeking, from right two_looks: Looks after every hundred replicates and stops as soon as one look is significant: a hundred chances of a false alarm.
# diagnosis: false_alarms
import torch


def is_biased(draw, exact):
    samples = draw(100)
    for _ in range(99):
        samples = torch.cat([samples, draw(100)])
        error = samples.std(0) / len(samples) ** 0.5
        off = (samples.mean(0) - exact).abs()
        if bool((off > 3 * error + 1e-9 * abs(exact)).any()):
            return True
    return False


# %% wrong greedy, from right no_division: A hundred thousand replicates would find far smaller biases, and are ten times as many as a call may have.
# diagnosis: too_many
#-     samples = draw(10_000)
#+     samples = draw(100_000)


# %% wrong entry_verdicts, from right no_division: One verdict for each entry comes back, and nobody said which of them counts.
# diagnosis: type
#-     return bool((off > 5 * error + 1e-9 * exact.abs()).any())
#+     return off > 5 * error + 1e-9 * exact.abs()


# %% wrong too_few_for_the_limit, from right no_division: Four thousand replicates are enough to see a tenth of a spread, at 6.3 standard errors, and not enough to see it 99 times in 100 beyond a limit of five.
# diagnosis: missed
#-     samples = draw(10_000)
#+     samples = draw(4_000)


# %% wrong absolute_rounding, from right no_division: Rounding is given an absolute room as well, as isclose does, and a constant of 1e-13 passes for an exact 0.
# diagnosis: silent
#-     return bool((off > 5 * error + 1e-9 * exact.abs()).any())
#+     return bool((off > 5 * error + 1e-9 * exact.abs() + 1e-12).any())


# %% wrong peeks, from right no_division: Looks after every 1,250 replicates and stops at the first alarm, with the limit that belongs to one look: eight looks give several times the false alarms.
# diagnosis: false_alarms
from statistics import NormalDist


def is_biased(draw, exact):
    count, total, squares, limit = 0, 0.0, 0.0, None
    for _ in range(8):
        samples = draw(1_250)
        count, total, squares = count + len(samples), total + samples.sum(0), squares + (samples - exact).square().sum(0)
        limit = limit or -NormalDist().inv_cdf(0.0005 / total.numel())
        off = total / count - exact
        error = ((squares / count - off**2) / count).clamp(min=0).sqrt()
        if bool((off.abs() > limit * error + 1e-12 * abs(exact)).any()):
            return True
    return False
