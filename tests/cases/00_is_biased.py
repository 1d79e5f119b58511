import torch

# %% right limit_of_four_and_a_half: All replicates at once, each entry against 4.5 standard errors, with room for rounding.


def is_biased(draw, exact):
    samples = draw(10_000).reshape(10_000, -1)
    answer = torch.as_tensor(exact, dtype=torch.float64).reshape(-1)
    error = samples.std(0) / 100
    return bool(((samples.mean(0) - answer).abs() > 4.5 * error + 1e-11 * answer.abs()).any())


# %% right in_ten_pieces: Ten calls of a thousand, their sums put together; NumPy decides.


def is_biased(draw, exact):
    import numpy as np

    pieces = np.concatenate([np.asarray(draw(1_000)).reshape(1_000, -1) for _ in range(10)])
    answer = np.atleast_1d(np.asarray(exact, dtype=float))
    room = 5 * pieces.std(0, ddof=1) / 100 + 1e-10 * np.abs(answer)
    return np.any(np.abs(pieces.mean(0) - answer) > room)


# %% wrong three_standard_errors: The usual limit of three, sixty times over.


def is_biased(draw, exact):
    samples = draw(10_000).reshape(10_000, -1)
    answer = torch.as_tensor(exact, dtype=torch.float64).reshape(-1)
    error = samples.std(0) / 100
    return bool(((samples.mean(0) - answer).abs() > 3 * error + 1e-11 * answer.abs()).any())


# %% wrong one_hundred_replicates: Too few to see a tenth of the spread.


def is_biased(draw, exact):
    samples = draw(100).reshape(100, -1)
    answer = torch.as_tensor(exact, dtype=torch.float64).reshape(-1)
    error = samples.std(0) / 10
    return bool(((samples.mean(0) - answer).abs() > 5 * error + 1e-11 * answer.abs()).any())


# %% wrong fixed_tolerance: One hundredth, whatever the spread.


def is_biased(draw, exact):
    samples = draw(10_000).reshape(10_000, -1)
    answer = torch.as_tensor(exact, dtype=torch.float64).reshape(-1)
    return bool(((samples.mean(0) - answer).abs() > 0.01).any())
