import torch
from torch import Tensor

# %% right one_row_and_its_inverse: a list of steps for one row, run forwards for a row and backwards, pushes for pops, to find it again
def bits_back(prior: Tensor, likelihood: Tensor, posterior: Tensor) -> tuple:
    def tell(stack, x: int) -> None:
        z = int(stack.pop(posterior[x]))
        stack.push(x, likelihood[z])
        stack.push(z, prior)

    def learn(stack) -> int:
        z = int(stack.pop(prior))
        x = int(stack.pop(likelihood[z]))
        stack.push(z, posterior[x])
        return x

    def encode(stack, rows) -> None:
        for x in map(int, reversed(list(rows))):
            tell(stack, x)

    def decode(stack, count: int) -> Tensor:
        return torch.tensor([learn(stack) for _ in range(int(count))], dtype=torch.long)

    return encode, decode

# %% wrong reversed_at_the_end: puts the rows on in their order and turns round what comes off, so the first row lies at the bottom and a few rows are the last ones
def bits_back(prior: Tensor, likelihood: Tensor, posterior: Tensor) -> tuple:
    def encode(stack, rows):
        for x in rows.tolist():
            z = stack.pop(posterior[x])
            stack.push(x, likelihood[z])
            stack.push(z, prior)

    def decode(stack, count):
        rows = []
        for _ in range(count):
            z = stack.pop(prior)
            x = stack.pop(likelihood[z])
            stack.push(z, posterior[x])
            rows.append(x)
        return torch.tensor(rows[::-1], dtype=torch.long)

    return encode, decode

# %% wrong exact_posterior: works the posterior out of prior and likelihood, and pops by that instead of by the q that was given; fewer bits than minus its ELBO
def bits_back(prior: Tensor, likelihood: Tensor, posterior: Tensor) -> tuple:
    joint = prior[:, None] * likelihood
    evidence = joint.sum(0)
    q = (joint / torch.where(evidence > 0, evidence, torch.ones_like(evidence))).T
    q = torch.where(evidence[:, None] > 0, q, posterior)

    def encode(stack, rows):
        for x in rows.tolist()[::-1]:
            z = stack.pop(q[x])
            stack.push(x, likelihood[z])
            stack.push(z, prior)

    def decode(stack, count):
        rows = []
        for _ in range(count):
            z = stack.pop(prior)
            x = stack.pop(likelihood[z])
            stack.push(z, q[x])
            rows.append(x)
        return torch.tensor(rows, dtype=torch.long)

    return encode, decode

# %% wrong smoothed_tables: adds a little to all probabilities, lest one of them be zero, and codes by tables that are no longer the model's
def bits_back(prior: Tensor, likelihood: Tensor, posterior: Tensor) -> tuple:
    prior, likelihood, posterior = ((table + 1e-3) / (table + 1e-3).sum(-1, keepdim=True) for table in (prior, likelihood, posterior))

    def encode(stack, rows):
        for x in rows.tolist()[::-1]:
            z = stack.pop(posterior[x])
            stack.push(x, likelihood[z])
            stack.push(z, prior)

    def decode(stack, count):
        rows = []
        for _ in range(count):
            z = stack.pop(prior)
            x = stack.pop(likelihood[z])
            stack.push(z, posterior[x])
            rows.append(x)
        return torch.tensor(rows, dtype=torch.long)

    return encode, decode

# %% wrong all_latents_first: pops the latents of all rows, then pushes all rows; lossless if all are decoded at once, but one row is not told after another
def bits_back(prior: Tensor, likelihood: Tensor, posterior: Tensor) -> tuple:
    def encode(stack, rows):
        rows = rows.tolist()
        latents = [stack.pop(posterior[x]) for x in rows]
        for x, z in zip(rows[::-1], latents[::-1]):
            stack.push(x, likelihood[z])
            stack.push(z, prior)

    def decode(stack, count):
        rows, latents = [], []
        for _ in range(count):
            latents.append(stack.pop(prior))
            rows.append(stack.pop(likelihood[latents[-1]]))
        for x, z in zip(rows[::-1], latents[::-1]):
            stack.push(z, posterior[x])
        return torch.tensor(rows, dtype=torch.long)

    return encode, decode
