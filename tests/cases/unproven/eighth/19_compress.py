import math

import numpy as np
import torch
from torch import Tensor


def fitted(train: Tensor, kinds: int, seed: int | None, rounds: int = 100) -> tuple[np.ndarray, np.ndarray]:
    """A mixture of independent bits by EM from unequal places: how frequent each kind is, and the chances of its pixels."""
    data, source = train.double().numpy(), np.random.default_rng(seed)
    best = None
    for _ in range(3):
        share = np.full(kinds, 1 / kinds)
        chance = 0.15 + 0.7 * data[source.permutation(len(data))[:kinds]] + 0.1 * source.random((kinds, data.shape[1])) - 0.05
        for _ in range(rounds):
            logs = np.log(share) + data @ np.log(chance).T + (1 - data) @ np.log1p(-chance).T
            top = logs.max(1, keepdims=True)
            total = top + np.log(np.exp(logs - top).sum(1, keepdims=True))
            told = np.exp(logs - total)
            share = (told.sum(0) + 0.5) / (len(data) + 0.5 * kinds)
            chance = (told.T @ data + 0.3) / (told.sum(0)[:, None] + 0.6)
        if best is None or total.sum() > best[0]:
            best = total.sum(), share, chance
    return best[1], best[2]


# %% right a_row_is_one_symbol: twelve bits are one of 4096 symbols, whose probabilities the mixture gives at once; no latent is coded at all
def codec(train: Tensor) -> tuple:
    share, chance = fitted(train, 6, seed=0)
    width = train.shape[1]
    all_rows = (np.arange(2**width)[:, None] >> np.arange(width)) & 1
    logs = np.log(share) + all_rows @ np.log(chance).T + (1 - all_rows) @ np.log1p(-chance).T
    probs = np.exp(logs).sum(1)
    probs = torch.tensor(probs / probs.sum())

    def encode(stack, rows: Tensor) -> None:
        symbols = (rows.double().numpy().round().astype(np.int64) << np.arange(width)).sum(1)
        for symbol in symbols[::-1]:
            stack.push(int(symbol), probs)

    def decode(stack, count: int) -> Tensor:
        symbols = np.array([int(stack.pop(probs)) for _ in range(int(count))], dtype=np.int64)
        return torch.tensor((symbols.reshape(-1, 1) >> np.arange(width)) & 1, dtype=train.dtype)

    return encode, decode

# %% wrong unseeded: begins EM at random without a seed of its own, so the decoder, made by another call, arrives at other probabilities
def codec(train: Tensor) -> tuple:
    share, chance = fitted(train, 6, seed=None)
    share, chance = torch.tensor(share), torch.tensor(chance)

    def posterior(row: Tensor) -> Tensor:
        return (share.log() + row @ chance.log().T + (1 - row) @ (1 - chance).log().T).softmax(0)

    def encode(stack, rows):
        for row in rows.double().flip(0):
            kind = stack.pop(posterior(row))
            for pixel in range(len(row)):
                p = float(chance[kind, pixel])
                stack.push(int(row[pixel]), [1 - p, p])
            stack.push(kind, share)

    def decode(stack, count):
        rows = torch.zeros(count, train.shape[1], dtype=torch.float64)
        for n in range(count):
            kind = stack.pop(share)
            for pixel in reversed(range(train.shape[1])):
                p = float(chance[kind, pixel])
                rows[n, pixel] = stack.pop([1 - p, p])
            stack.push(kind, posterior(rows[n]))
        return rows.to(train.dtype)

    return encode, decode

# %% wrong two_kinds: fits a mixture of two kinds, which is enough for data of two kinds, and not for three or four
def codec(train: Tensor) -> tuple:
    share, chance = fitted(train, 2, seed=0)
    share, chance = torch.tensor(share), torch.tensor(chance)

    def posterior(row: Tensor) -> Tensor:
        return (share.log() + row @ chance.log().T + (1 - row) @ (1 - chance).log().T).softmax(0)

    def encode(stack, rows):
        for row in rows.double().flip(0):
            kind = stack.pop(posterior(row))
            for pixel in range(len(row)):
                p = float(chance[kind, pixel])
                stack.push(int(row[pixel]), [1 - p, p])
            stack.push(kind, share)

    def decode(stack, count):
        rows = torch.zeros(count, train.shape[1], dtype=torch.float64)
        for n in range(count):
            kind = stack.pop(share)
            for pixel in reversed(range(train.shape[1])):
                p = float(chance[kind, pixel])
                rows[n, pixel] = stack.pop([1 - p, p])
            stack.push(kind, posterior(rows[n]))
        return rows.to(train.dtype)

    return encode, decode

# %% wrong chain_of_pixels: tells each pixel given the one before it, a Markov chain along the row, which knows little of the kind
def codec(train: Tensor) -> tuple:
    data = train.double()
    first = float((data[:, 0].sum() + 0.5) / (len(data) + 1))
    given = [[float((data[data[:, d - 1] == v, d].sum() + 0.5) / ((data[:, d - 1] == v).sum() + 1)) for v in (0, 1)] for d in range(1, data.shape[1])]

    def chance(row: list[int], pixel: int) -> list[float]:
        p = first if pixel == 0 else given[pixel - 1][row[pixel - 1]]
        return [1 - p, p]

    def encode(stack, rows):
        for row in rows.long().tolist()[::-1]:
            for pixel in reversed(range(len(row))):
                stack.push(row[pixel], chance(row, pixel))

    def decode(stack, count):
        rows = []
        for _ in range(count):
            row = []
            for pixel in range(train.shape[1]):
                row.append(stack.pop(chance(row, pixel)))
            rows.append(row)
        return torch.tensor(rows, dtype=train.dtype).reshape(count, train.shape[1])

    return encode, decode

# %% wrong reversed_at_the_end: puts the rows on in their order and turns round what comes off, so a decoder that asks for a few rows gets the last ones
def codec(train: Tensor) -> tuple:
    share, chance = fitted(train, 6, seed=0)
    share, chance = torch.tensor(share), torch.tensor(chance)

    def posterior(row: Tensor) -> Tensor:
        return (share.log() + row @ chance.log().T + (1 - row) @ (1 - chance).log().T).softmax(0)

    def encode(stack, rows):
        for row in rows.double():
            kind = stack.pop(posterior(row))
            for pixel in range(len(row)):
                p = float(chance[kind, pixel])
                stack.push(int(row[pixel]), [1 - p, p])
            stack.push(kind, share)

    def decode(stack, count):
        rows = torch.zeros(count, train.shape[1], dtype=torch.float64)
        for n in range(count):
            kind = stack.pop(share)
            for pixel in reversed(range(train.shape[1])):
                p = float(chance[kind, pixel])
                rows[n, pixel] = stack.pop([1 - p, p])
            stack.push(kind, posterior(rows[n]))
        return rows.flip(0).to(train.dtype)

    return encode, decode
