# %% right summed_out: A mixture by EM; pixel by pixel, the class summed out.
import torch


def fitted(train, classes=8, steps=80):
    x = train.double()
    generator = torch.Generator().manual_seed(0)
    r = torch.rand(len(x), classes, generator=generator, dtype=torch.float64) ** 4
    r = r / r.sum(1, keepdim=True)
    for _ in range(steps):
        chances = (r.sum(0) + 0.5) / (len(x) + 0.5 * classes)
        pixels = (r.T @ x + 0.5) / (r.sum(0)[:, None] + 1)
        r = (x @ pixels.log().T + (1 - x) @ (1 - pixels).log().T + chances.log()).softmax(1)
    return chances, pixels


def codec(train):
    chances, pixels = fitted(train)

    def probs(row, d, seen):
        on = seen @ pixels[:, d]
        return torch.stack([1 - on, on])

    def after(seen, bit, d):
        seen = seen * (pixels[:, d] if bit else 1 - pixels[:, d])
        return seen / seen.sum()

    def encode(stack, rows):
        for row in rows.flip(0).tolist():
            steps, seen = [], chances
            for d, bit in enumerate(row):
                steps.append((int(bit), probs(row, d, seen)))
                seen = after(seen, bit, d)
            for bit, p in reversed(steps):
                stack.push(bit, p)

    def decode(stack, count):
        rows = []
        for _ in range(count):
            row, seen = [], chances
            for d in range(pixels.shape[1]):
                bit = stack.pop(probs(row, d, seen))
                seen = after(seen, bit, d)
                row.append(float(bit))
            rows.append(row)
        return torch.tensor(rows)

    return encode, decode


# %% right with_bits_back: The class is popped from its posterior, and its bits come back; in NumPy, all pixels of a class.
import numpy as np


def codec(train):
    x = train.numpy().astype(float)
    rng = np.random.default_rng(1)
    classes, n = 8, len(x)
    pixels = 0.25 + 0.5 * x[rng.choice(n, classes, replace=False)]
    chances = np.full(classes, 1 / classes)

    def posterior(rows):
        log = rows @ np.log(pixels).T + (1 - rows) @ np.log(1 - pixels).T + np.log(chances)
        log = np.exp(log - log.max(-1, keepdims=True))
        return log / log.sum(-1, keepdims=True)

    for _ in range(60):
        r = posterior(x)
        chances = (r.sum(0) + 0.3) / (n + 0.3 * classes)
        pixels = (r.T @ x + 0.3) / (r.sum(0)[:, None] + 0.6)

    def encode(stack, rows):
        for row in rows.numpy()[::-1]:
            z = stack.pop(posterior(row.astype(float)))
            for d in reversed(range(len(row))):
                stack.push(int(row[d]), [1 - pixels[z, d], pixels[z, d]])
            stack.push(z, chances)

    def decode(stack, count):
        rows = np.zeros((count, x.shape[1]))
        for row in rows:
            z = stack.pop(chances)
            for d in range(len(row)):
                row[d] = stack.pop([1 - pixels[z, d], pixels[z, d]])
            stack.push(z, posterior(row))
        return rows

    return encode, decode


# %% right best_of_three: The best of three fits by the likelihood of the data, with half of the classes; bits back, in loops.
import torch


class Mixture:
    def __init__(self, x, seed):
        generator = torch.Generator().manual_seed(seed)
        chosen = torch.randperm(len(x), generator=generator)[:6]
        self.chances, self.pixels = torch.full((6,), 1 / 6, dtype=torch.float64), 0.3 + 0.4 * x[chosen]
        for _ in range(50):
            r = self.joint(x).softmax(1)
            self.chances = (r.sum(0) + 0.5) / (len(x) + 3)
            self.pixels = (r.T @ x + 0.5) / (r.sum(0)[:, None] + 1)
        self.score = float(self.joint(x).logsumexp(1).mean())

    def joint(self, x):
        return x @ self.pixels.log().T + (1 - x) @ (1 - self.pixels).log().T + self.chances.log()


def codec(train):
    x = train.to(torch.float64)
    best = max((Mixture(x, seed) for seed in range(3)), key=lambda mixture: mixture.score)

    def encode(stack, rows):
        for n in range(len(rows) - 1, -1, -1):
            row = rows[n].to(torch.float64)
            z = stack.pop(best.joint(row[None]).softmax(1)[0])
            for d in range(len(row)):
                on = best.pixels[z, d]
                stack.push(int(row[d]), torch.stack([1 - on, on]))
            stack.push(z, best.chances)

    def decode(stack, count):
        found = []
        for n in range(count):
            z = stack.pop(best.chances)
            row = torch.zeros(x.shape[1], dtype=torch.float64)
            for d in range(x.shape[1] - 1, -1, -1):
                on = best.pixels[z, d]
                row[d] = stack.pop(torch.stack([1 - on, on]))
            stack.push(z, best.joint(row[None]).softmax(1)[0])
            found.append(row)
        return torch.stack(found)

    return encode, decode


# %% wrong pixel_by_pixel, from right summed_out: One class: each pixel has its own frequency, and no more.
# diagnosis: pixels_apart
#- def fitted(train, classes=8, steps=80):
#+ def fitted(train, classes=1, steps=80):


# %% wrong raw, from right summed_out: A bit for each pixel.
# diagnosis: raw_bits
#-         return torch.stack([1 - on, on])
#+         return torch.tensor([0.5, 0.5], dtype=torch.float64)


# %% wrong no_steps, from right summed_out: EM is not run: the classes are as they were drawn.
# diagnosis: pixels_apart or rate
#- def fitted(train, classes=8, steps=80):
#+ def fitted(train, classes=8, steps=1):


# %% wrong few_rows, from right with_bits_back: Learned from twenty rows.
# diagnosis: rate or pixels_apart
#-     x = train.numpy().astype(float)
#+     x = train.numpy().astype(float)[:20]


# %% wrong class_not_popped, from right with_bits_back: The likeliest of very many classes is told, and nothing comes back.
# diagnosis: rate
#-     classes, n = 8, len(x)
#+     classes, n = 100, len(x)
#@@
#-             z = stack.pop(posterior(row.astype(float)))
#+             z = int(posterior(row.astype(float)).argmax())
#@@
#-             stack.push(z, posterior(row))


# %% wrong bits_kept, from right with_bits_back: The decoder does not give the bits back.
# diagnosis: not_lossless
#-             stack.push(z, posterior(row))


# %% wrong unseeded, from right with_bits_back: The fit begins elsewhere each time, so sender and receiver have different models.
# diagnosis: not_lossless
#-     rng = np.random.default_rng(1)
#+     rng = np.random.default_rng()


# %% wrong in_order, from right summed_out: The first row goes first.
# diagnosis: order_of_rows
#-         for row in rows.flip(0).tolist():
#+         for row in rows.tolist():


# %% wrong cleaned, from right with_bits_back: Rows are told as the prototypes of their classes: short, and lossy.
# diagnosis: not_lossless
#-                 stack.push(int(row[d]), [1 - pixels[z, d], pixels[z, d]])
#+                 stack.push(int(pixels[z, d] > 0.5), [1 - pixels[z, d], pixels[z, d]])


# %% wrong beside_the_stack, from right summed_out: The rows are kept in a list, and hardly anything goes on the stack.
# diagnosis: off_the_stack or form
#- def codec(train):
#+ kept = []
#+ def codec(train):
#@@
#-         for row in rows.flip(0).tolist():
#-             steps, seen = [], chances
#-             for d, bit in enumerate(row):
#-                 steps.append((int(bit), probs(row, d, seen)))
#-                 seen = after(seen, bit, d)
#-             for bit, p in reversed(steps):
#-                 stack.push(bit, p)
#+         kept[:] = [rows.clone()]
#@@
#-         rows = []
#-         for _ in range(count):
#-             row, seen = [], chances
#-             for d in range(pixels.shape[1]):
#-                 bit = stack.pop(probs(row, d, seen))
#-                 seen = after(seen, bit, d)
#-                 row.append(float(bit))
#-             rows.append(row)
#-         return torch.tensor(rows)
#+         return kept[0][:count]


# %% wrong table, from right summed_out: A table of all rows, by how often each was seen.
# diagnosis: rate
#-     chances, pixels = fitted(train)
#+     base = 2 ** torch.arange(train.shape[1])
#+     counts = torch.bincount((train.long() * base).sum(1), minlength=2 ** train.shape[1]).double() + 1
#+     pixels = ((torch.arange(len(counts))[:, None] // base) % 2).double().clamp(1e-12, 1 - 1e-12)
#+     chances = counts / counts.sum()


# %% wrong turned_round, from right with_bits_back: Rows go on in their order, and all that comes off is turned round: half of the rows are the last ones.
# diagnosis: first_row_below
#-         for row in rows.numpy()[::-1]:
#+         for row in rows.numpy():
#@@
#-         return rows
#+         return rows[::-1].copy()
