import math

import numpy as np
import torch

SENT = []


def fit(train, kinds=6, seed=11, steps=60, starts=3, prior=0.5):
    """A mixture of kinds by EM in NumPy: weights (K), chances (K, D). Deterministic."""
    x = np.array(train, dtype=np.float64)
    best = (-np.inf, None, None)
    for start in range(starts):
        source = np.random.default_rng(seed + start)
        w = np.full(kinds, 1 / kinds)
        p = 0.5 * x[source.choice(len(x), kinds, replace=len(x) < kinds)] + 0.25
        for _ in range(steps):
            log = np.log(w) + x @ np.log(p).T + (1 - x) @ np.log(1 - p).T
            top = log.max(1, keepdims=True)
            r = np.exp(log - top)
            total = r.sum(1, keepdims=True)
            value, r = float((top + np.log(total)).sum()), r / total
            n = r.sum(0)
            w, p = (n + 0.5) / (n + 0.5).sum(), (r.T @ x + prior) / (n[:, None] + 2 * prior)
        if value > best[0]:
            best = (value, w, p)
    return best[1], best[2]


def responsibilities(row, w, p):
    log = np.log(w) + (np.where(row > 0.5, np.log(p), np.log(1 - p))).sum(1)
    r = np.exp(log - log.max())
    return r / r.sum()


def two(chance):
    return np.array([1 - chance, chance])


def bits_back_pair(w, p):
    """encode and decode with the kind as a latent that pays its bits back."""

    def encode(stack, rows):
        for row in np.array(rows, dtype=np.float64)[::-1]:
            k = stack.pop(responsibilities(row, w, p))
            for d in reversed(range(len(row))):
                stack.push(int(row[d]), two(p[k, d]))
            stack.push(k, w)

    def decode(stack, count):
        rows = np.zeros((count, p.shape[1]))
        for n in range(count):
            k = stack.pop(w)
            for d in range(p.shape[1]):
                rows[n, d] = stack.pop(two(p[k, d]))
            stack.push(k, responsibilities(rows[n], w, p))
        return torch.tensor(rows)

    return encode, decode


def pixelwise(chance, D):
    """encode and decode pixel by pixel: chance(row, d) may look at row[:d]."""

    def encode(stack, rows):
        for row in np.array(rows, dtype=np.float64)[::-1]:
            for d in reversed(range(D)):
                stack.push(int(row[d]), two(chance(row, d)))

    def decode(stack, count):
        rows = np.zeros((count, D))
        for row in rows:
            for d in range(D):
                row[d] = stack.pop(two(chance(row, d)))
        return torch.tensor(rows)

    return encode, decode


# %% right mixture_and_bits_back: six kinds by EM from three seeded starts, and bits back for the kind
def codec(train):
    return bits_back_pair(*fit(train))


# %% right kind_summed_out: the same mixture, without a latent: what the pixels so far say of the kind changes the chance of the next
def codec(train):
    w, p = fit(train, kinds=5, seed=3)

    def chance(row, d):
        log = np.log(w) + np.where(row[:d] > 0.5, np.log(p[:, :d]), np.log(1 - p[:, :d])).sum(1)
        r = np.exp(log - log.max())
        return float(r @ p[:, d] / r.sum())

    return pixelwise(chance, p.shape[1])


# %% wrong one_symbol_of_4096: puts rows on in their order and turns round what comes off, which the statement left open once; a row is one symbol among all 4096, with the mixture's probability of each; the first row goes on first, and decode turns the rows round
def codec(train):
    w, p = fit(train, kinds=6, seed=29)
    D = p.shape[1]
    every = (np.arange(2**D)[:, None] >> np.arange(D)) & 1
    probs = np.exp(np.log(w) + every @ np.log(p).T + (1 - every) @ np.log(1 - p).T).sum(1)
    probs = probs / probs.sum()

    def encode(stack, rows):
        for row in np.array(rows).round().astype(int):
            stack.push(int(row @ (1 << np.arange(D))), probs)

    def decode(stack, count):
        return every[[stack.pop(probs) for _ in range(count)][::-1]].reshape(count, D)

    return encode, decode


# %% wrong seed_of_the_moment: begins EM at rows drawn without a seed; the pair of one call fits itself, and the decoder of another call has another model
def codec(train):
    return bits_back_pair(*fit(train, seed=int(torch.randint(2**31, (1,))), steps=8, starts=1))


# %% wrong pixel_by_pixel: the right frequency of each pixel, no kinds
def codec(train):
    p = (train.double().mean(0).numpy() * len(train) + 0.5) / (len(train) + 1)
    return pixelwise(lambda row, d: float(p[d]), len(p))


# %% wrong kind_is_told: the likeliest kind is pushed and nothing is popped for it: the entropy of the kind given the row is wasted, and twelve kinds share the rows of two to four
def codec(train):
    w, p = fit(train, kinds=12)

    def encode(stack, rows):
        for row in np.array(rows, dtype=np.float64)[::-1]:
            k = int(responsibilities(row, w, p).argmax())
            for d in reversed(range(len(row))):
                stack.push(int(row[d]), two(p[k, d]))
            stack.push(k, w)

    def decode(stack, count):
        rows = np.zeros((count, p.shape[1]))
        for row in rows:
            k = stack.pop(w)
            for d in range(p.shape[1]):
                row[d] = stack.pop(two(p[k, d]))
        return torch.tensor(rows)

    return encode, decode


# %% wrong histogram_of_rows: how often each of the 4096 rows came in training, plus one (Laplace); knows nothing of rows that it has not seen
def codec(train):
    D = train.shape[1]
    place = 1 << np.arange(D)
    counts = np.bincount(train.numpy().round().astype(int) @ place, minlength=2**D) + 1.0
    probs = counts / counts.sum()

    def encode(stack, rows):
        for row in reversed(np.array(rows).round().astype(int)):
            stack.push(int(row @ place), probs)

    def decode(stack, count):
        found = np.array([stack.pop(probs) for _ in range(count)], dtype=int)
        return torch.tensor((found[:, None] >> np.arange(D)) & 1).double()

    return encode, decode


# %% wrong neighbour_on_the_left: each pixel given the one before it, by counts: only a part of what the kind says
def codec(train):
    x = train.numpy().round().astype(int)
    D = x.shape[1]
    table = np.full((D, 2), 0.5)
    for d in range(D):
        for left in (0, 1):
            sees = x[x[:, d - 1] == left, d] if d else x[:, d]
            table[d, left] = (sees.sum() + 0.5) / (len(sees) + 1)
    return pixelwise(lambda row, d: float(table[d, int(row[d - 1]) if d else 0]), D)


# %% wrong all_kinds_begin_alike: EM from the means of the pixels for every kind; what begins alike stays alike, and the mixture is pixel by pixel
def codec(train):
    x = train.numpy().astype(float)
    w, p = np.full(4, 0.25), np.tile(x.mean(0), (4, 1)).clip(0.001, 0.999)
    for _ in range(30):
        r = np.stack([responsibilities(row, w, p) for row in x[:300]])
        w, p = r.mean(0), ((r.T @ x[:300] + 0.5) / (r.sum(0)[:, None] + 1))
    return bits_back_pair(w, p)


# %% wrong two_kinds: a mixture of two kinds, right where the data have two and too few where they have three or four
def codec(train):
    return bits_back_pair(*fit(train, kinds=2, starts=4))


# %% wrong learns_from_what_it_sends: encode refits the model to the training rows and the rows to be sent; a decoder that has not seen them has another model
def codec(train):
    def encode(stack, rows):
        both = np.concatenate([np.asarray(train, dtype=float), np.asarray(rows, dtype=float)])
        bits_back_pair(*fit(both))[0](stack, rows)

    def decode(stack, count):
        return bits_back_pair(*fit(train))[1](stack, count)

    return encode, decode


# %% wrong nothing_paid_back_in_decode: encode pops the kind, and decode forgets to push it back: the first row is right, the next begins on another stack
def codec(train):
    w, p = fit(train)
    encode = bits_back_pair(w, p)[0]

    def decode(stack, count):
        rows = np.zeros((count, p.shape[1]))
        for row in rows:
            k = stack.pop(w)
            for d in range(p.shape[1]):
                row[d] = stack.pop(two(p[k, d]))
        return torch.tensor(rows)

    return encode, decode


# %% wrong kept_in_a_module: the rows go into a list of the module that every call shares, and nothing goes on the stack: no bits at all, and coin flips decode to nothing of the kind
def codec(train):
    def encode(stack, rows):
        SENT.append(rows.clone())

    def decode(stack, count):
        return SENT[-1][:count] if SENT and len(SENT[-1]) >= count else train[:count]

    return encode, decode


# %% wrong every_training_row_a_kind: each training row is a kind with its pixels turned over one time in seven, bits back for the row: a density that is smoothed by what it should describe, some bits too many
def codec(train):
    x = train.numpy().astype(float)
    return bits_back_pair(np.full(len(x), 1 / len(x)), np.where(x > 0.5, 1 - 1 / 7, 1 / 7))


# %% wrong kind_from_its_weight: the kind is popped with its weight and not with its posterior given the row: lossless, and most rows are coded with a wrong kind
def codec(train):
    w, p = fit(train)

    def encode(stack, rows):
        for row in np.array(rows, dtype=np.float64)[::-1]:
            k = stack.pop(w)
            for d in reversed(range(len(row))):
                stack.push(int(row[d]), two(p[k, d]))
            stack.push(k, w)

    def decode(stack, count):
        rows = np.zeros((count, p.shape[1]))
        for row in rows:
            k = stack.pop(w)
            for d in range(p.shape[1]):
                row[d] = stack.pop(two(p[k, d]))
            stack.push(k, w)
        return torch.tensor(rows)

    return encode, decode


# %% wrong training_data_centred: subtracts one half from the training data where they lie, and fits well; the caller's rows are no bits any more, and a second call sees others
def codec(train):
    train.sub_(0.5)
    return bits_back_pair(*fit(train + 0.5 if train.min() > -0.6 else train + 1.0))
