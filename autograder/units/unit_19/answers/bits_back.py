# %% right closures: Two functions that know the tables.
def bits_back(prior, likelihood, posterior):
    def encode(stack, rows):
        for x in reversed(rows.tolist()):
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
        return rows

    return encode, decode


# %% right methods: Bound methods of an object; rows from the end by their number.
import torch


class Coder:
    def __init__(self, prior, likelihood, posterior):
        self.p, self.px, self.q = prior.numpy(), likelihood.numpy(), posterior.numpy()

    def encode(self, stack, rows):
        n = len(rows) - 1
        while n >= 0:
            x = int(rows[n])
            z = stack.pop(self.q[x])
            stack.push(x, self.px[z])
            stack.push(z, self.p)
            n -= 1
        return stack

    def decode(self, stack, count):
        found = torch.zeros(count, dtype=torch.int64)
        for n in range(count):
            z = stack.pop(self.p)
            found[n] = stack.pop(self.px[z])
            stack.push(z, self.q[int(found[n])])
        return found


def bits_back(prior, likelihood, posterior):
    coder = Coder(prior, likelihood, posterior)
    return coder.encode, coder.decode


# %% right steps: One row by a function of its own, mapped over the rows.
import functools


def put(stack, x, prior, likelihood, posterior):
    z = stack.pop(posterior[x].tolist())
    for symbol, probs in ((x, likelihood[z]), (z, prior)):
        stack.push(symbol, probs.tolist())


def take(stack, prior, likelihood, posterior):
    z = stack.pop(prior.tolist())
    x = stack.pop(likelihood[z].tolist())
    stack.push(z, posterior[x].tolist())
    return x


def bits_back(prior, likelihood, posterior):
    tables = dict(prior=prior, likelihood=likelihood, posterior=posterior)
    encode = lambda stack, rows: [put(stack, int(x), **tables) for x in rows.flip(0)]
    decode = lambda stack, count: [take(stack, **tables) for _ in range(count)]
    return encode, decode


# %% wrong likeliest, from right closures: The likeliest z, and nothing popped.
# diagnosis: bits_not_given_back or likeliest_latent
#-             z = stack.pop(posterior[x])
#-             stack.push(x, likelihood[z])
#+             z = int(posterior[x].argmax())
#+             stack.push(x, likelihood[z])


# %% wrong likeliest_and_lossless, from right closures: The likeliest z, and nothing popped, nor given back.
# diagnosis: likeliest_latent
#-             z = stack.pop(posterior[x])
#-             stack.push(x, likelihood[z])
#+             z = int(posterior[x].argmax())
#+             stack.push(x, likelihood[z])
#@@
#-             stack.push(z, posterior[x])


# %% wrong in_order, from right closures: The first row goes first, and comes off last.
# diagnosis: order_of_rows
#-         for x in reversed(rows.tolist()):
#+         for x in rows.tolist():


# %% wrong in_order_turned, from right closures: The first row goes first; the decoder turns the rows round.
# diagnosis: order_of_rows
#-         for x in reversed(rows.tolist()):
#+         for x in rows.tolist():
#@@
#-         return rows
#+         return rows[::-1]


# %% wrong pushed_first, from right closures: z is pushed before x, and the decoder looks for z first.
# diagnosis: not_lossless
#-             stack.push(x, likelihood[z])
#-             stack.push(z, prior)
#+             stack.push(z, prior)
#+             stack.push(x, likelihood[z])


# %% wrong kept_bits, from right closures: The decoder gives no bits back.
# diagnosis: not_lossless
#-             stack.push(z, posterior[x])


# %% wrong popped_with_prior, from right closures: z is a draw from the prior, in both directions.
# diagnosis: popped_from_prior
#-             z = stack.pop(posterior[x])
#-             stack.push(x, likelihood[z])
#+             z = stack.pop(prior)
#+             stack.push(x, likelihood[z])
#@@
#-             stack.push(z, posterior[x])
#+             stack.push(z, prior)


# %% wrong back_with_prior, from right closures: The decoder gives the bits back with the prior's probabilities.
# diagnosis: not_lossless
#-             stack.push(z, posterior[x])
#+             stack.push(z, prior)


# %% wrong pushed_with_q, from right closures: z is pushed with q, which nobody who decodes can know.
# diagnosis: pushed_with_posterior
#-             stack.push(z, prior)
#+             stack.push(z, posterior[x])


# %% wrong own_draw, from right closures: z is drawn from a generator, and the stack is not popped.
# diagnosis: value or not_lossless or likeliest_latent
#-             z = stack.pop(posterior[x])
#-             stack.push(x, likelihood[z])
#+             import torch
#+             z = int(torch.multinomial(posterior[x], 1))
#+             stack.push(x, likelihood[z])


# %% wrong remembered, from right closures: The rows are kept aside; hardly anything is put on the stack.
# diagnosis: described or value
#- def bits_back(prior, likelihood, posterior):
#+ kept = []
#+ def bits_back(prior, likelihood, posterior):
#@@
#-             z = stack.pop(posterior[x])
#-             stack.push(x, likelihood[z])
#-             stack.push(z, prior)
#+             kept.append(x)
#@@
#-             z = stack.pop(prior)
#-             x = stack.pop(likelihood[z])
#-             stack.push(z, posterior[x])
#-             rows.append(x)
#+             rows.append(kept.pop())
