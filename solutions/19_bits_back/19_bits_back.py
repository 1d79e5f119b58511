# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown] locked="19_header"
# # Problem set 19: Bits back
#
# An ELBO is a length. Here you build the coder that has this length, from one whole number upwards, and you predict its
# bits before you count them. By the end you will have
#
# - put symbols on a stack of bits, and taken them off again: to the bit,
# - drawn samples by decoding coin flips,
# - coded data with a latent that pays its bits back, and with latents above latents,
# - derived what it costs to tell a continuous latent by its bin, exactly and for narrow bins: of which sign?
# - predicted the net bits of each row, and their mean,
# - learned a model and compressed with it, below a stated rate,
# - told a lossy coder from one with dirty bits.
#
# **Time**: about five hours; each exercise says its own. **Read first**: [the
# lecture](../../lectures/19_bits_back.ipynb). The exercises stand alone.
#
# **How the checks work.** Under each cell that you write stands a `check`. It calls your function on fresh random
# inputs and compares numbers. If something is off, the report says what came, what was expected, and which mistake it
# looks like. Checks never look at how you wrote it. Call them as often as you like.
#
# **What counts as right**, in all sets. Numbers come in double precision; stay in it, and you have all the digits
# that are asked for: eight at most, unless the exercise says otherwise. They are digits of each number; what lies
# near zero is held to $10^{-9}$. Where it says nothing of gradients none are
# asked of your result: NumPy and loops will do, and a list for a tuple. Leave your arguments as you found them. Where
# your work is graded, and only there, the course's own version of what you are asked to write is taken out of
# `course_vi`.
#
# **Notation.** $p(z)$ is the prior, $p(x \mid z)$ the likelihood, $q(z \mid x)$ the approximate posterior. $\log$ is
# natural and gives nats, $\log_2$ gives bits. *Net bits* are those that a message makes the stack longer by; *initial
# bits* those that must lie on it beforehand.

# %% locked="19_setup"
import math

import numpy as np
import torch
from torch import Tensor

from autograder import check, sealed_case
from autograder.units.unit_19 import targets
from course_vi.coding import MeteredStack
from course_vi.plots import show, when_written

torch.set_printoptions(precision=4, sci_mode=False)


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def normals(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=seeded(seed), dtype=torch.float64)


def uniforms(*shape: int, seed: int = 0) -> Tensor:
    return torch.rand(shape, generator=seeded(seed), dtype=torch.float64)


def table(*shape: int, seed: int = 0) -> Tensor:
    """Probabilities: each row is a distribution."""
    return (1.5 * normals(*shape, seed=seed)).softmax(-1)


# %% [markdown]
# ## 1. A symbol on the stack
#
# *Difficulty* 4/5 · *Importance* 5/5 · 40 minutes
#
# The stack is a list of whole numbers: *words* below $2^{16}$, and last a *head* below $2^{32}$. The alphabet of the
# next symbol is told by `counts`: M slots in all, numbered from 0, of which symbol s owns `counts[s]`, side by side, in
# the order of the symbols. M is a power of two, at most $2^{16}$. A head *shows* the symbol that owns the slot with the
# number "head modulo M".
#
# **Pop**, in words: take the symbol that the head shows. All heads that show this symbol are numbered 0, 1, 2, ... in
# order of size. The number of this head is the new head. If that is below $2^{16}$ and there are words, it takes the
# last word in as its 16 lowest bits.
#
# Write the inverse. `push` returns the stack from which that pop brings back the symbol *and the stack that was*. The
# head must stay below $2^{32}$: only where it would not, its 16 lowest bits leave it first and become the last word.
#
# You get heads from 0 to $2^{32} - 1$, with or without words; where there are words the head is at least $2^{16}$.
# Every bit of the result counts.
#
# **Predict, before you begin**: by which factor does a push make a large head larger? And how many bits is that?

# %% exercise="19_ans_push"
def push(stack: list[int], symbol: int, counts: list[int]) -> list[int]:
    """The stack with the symbol on top: words below 2^16, and last the head, below 2^32.

    stack: words, and last the head. symbol: one that owns a slot. counts: how many slots each symbol owns; in all a power of two.
    """
    ### BEGIN SOLUTION
    *words, head = stack
    total, own, before = sum(counts), counts[symbol], sum(counts[:symbol])
    block, place = divmod(head, own)
    if block * total + before + place >= 2**32:
        words.append(head % 2**16)
        block, place = divmod(head // 2**16, own)
    return [*words, block * total + before + place]
    ### END SOLUTION


# %% check="19_ans_push"
check("19_ans_push", push)

# %% [markdown]
# **A message.** A thousand symbols of unequal probability. How long does the stack become, and what does the entropy
# say?

# %%
with when_written():
    counts = [11, 4, 1]
    chance = torch.tensor(counts, dtype=torch.float64) / 16
    message = torch.multinomial(chance, 1000, True, generator=seeded(1)).tolist()
    stack = [1]
    for symbol in message:
        stack = [int(number) for number in push(stack, symbol, counts)]
    length = 16 * (len(stack) - 1) + math.log2(stack[-1])
    print(f"{len(message)} symbols: {length:.1f} bits; by their probabilities {-sum(math.log2(counts[s] / 16) for s in message):.1f};"
          f" the entropy of 1000 symbols {-1000 * float(chance @ chance.log2()):.1f}")
    print(f"the head has {math.log2(stack[-1]):.1f} bits, below it lie {len(stack) - 1} words")

# %% [markdown]
# <details><summary>Symptom: my head shows the right symbol, and the old head is lost</summary>
#
# Two heads that differ must not become one. The old head is a *number in a list*: the list of all heads that show the
# symbol. Write down the first ten heads of that list for `counts = [2, 1, 1]` and each symbol.
#
# </details>
# <details><summary>Symptom: right for small heads, and the length is off where the head is full</summary>
#
# Decide before you push: would the head that comes out be $2^{32}$ or more? If so, a word leaves the *old* head, and
# the push begins anew with what is left of it.
#
# </details>
# <details><summary>Symptom: right if each symbol owns one slot</summary>
#
# Then the list of heads of a symbol has one in each block of M. With f slots it has f in each block. In which block is
# head number h of the list, and which of the f is it?
#
# </details>

# %% [markdown] solution_only="19_ans_push"
# **The inverse.** Each block of M heads holds $f = $ `counts[s]` of those that show s, at the places c, ..., c + f - 1,
# with c the slots before. Number h of the list is number $h \bmod f$ in block $\lfloor h/f \rfloor$:
# $M \lfloor h / f \rfloor + c + h \bmod f$.
#
# **The prediction.** By about $M / f$, one over the probability: $-\log_2 p(s)$ bits.
#
# **Why the word comes back.** M divides $2^{16}$, so "the new head would reach $2^{32}$" is "the old head is at least
# $2^{32} f / M$", and after its word has left, the new head is at least $2^{16}$. A pop then leaves less than $2^{16}$
# exactly where a word had left.

# %% [markdown]
# ## 2. Decoding is sampling
#
# *Difficulty* 3/5 · *Importance* 5/5 · 25 minutes
#
# Now write the pop, as it is described in exercise 1, for so many symbols of one alphabet as `number` says. Return the
# symbols, in the order in which they come off, and the stack that is left. A stack may run empty of words: then the
# head goes on shrinking, down to zero. Every bit counts here, too.
#
# **Predict, before you begin**: the stack holds fair coin flips. How often does a symbol come that owns f of M slots?
# How many bits does it take off?

# %% exercise="19_ans_pop"
def draw(stack: list[int], counts: list[int], number: int) -> tuple[list[int], list[int]]:
    """So many symbols, popped one after the other, and the stack that is left.

    stack: words, and last the head. counts: how many slots each symbol owns; in all a power of two. number: 0 or more.
    """
    ### BEGIN SOLUTION
    *words, head = stack
    total, symbols = sum(counts), []
    for _ in range(number):
        block, slot = divmod(head, total)
        symbol = 0
        while slot >= counts[symbol]:
            slot -= counts[symbol]
            symbol += 1
        head = block * counts[symbol] + slot
        if head < 2**16 and words:
            head = head * 2**16 + words.pop()
        symbols.append(symbol)
    return symbols, [*words, head]
    ### END SOLUTION


# %% check="19_ans_pop"
check("19_ans_pop", draw)

# %% [markdown]
# **Coin flips, decoded.** Five hundred words of them. And pushed again, last symbol first: are the coin flips back?

# %%
with when_written():
    flips = np.random.default_rng(3).integers(0, 2**16, 500).tolist() + [2**30 + 12345]
    counts = [11, 4, 1]
    symbols, left = draw(flips, counts, 5000)
    symbols, left = [int(s) for s in symbols], [int(number) for number in left]
    taken = 16 * (len(flips) - len(left)) + math.log2(flips[-1] / left[-1])
    print("how often each came", [round(symbols.count(s) / 5000, 4) for s in range(3)], "  probabilities", [c / 16 for c in counts])
    print(f"bits taken off by a symbol {taken / 5000:.4f}, entropy {-sum(c / 16 * math.log2(c / 16) for c in counts):.4f}")
    for symbol in reversed(symbols):
        left = push(left, symbol, counts)
    print("pushed again, the coin flips are back:", [int(number) for number in left] == flips)

# %% [markdown]
# <details><summary>Symptom: the symbols are right, and the stack that is left is not</summary>
#
# The slot says more than which symbol it is. A symbol that owns many slots was shown by one of them; which one is worth
# bits, and these stay on the stack.
#
# </details>
# <details><summary>Symptom: the first symbols are right, then all goes wrong</summary>
#
# Look at the head after each pop. Where it is below $2^{16}$, the last word joins it, and the head moves up to make
# room for 16 bits.
#
# </details>
# <details><summary>Symptom: wrong for some slots only</summary>
#
# Symbol s owns the slots from `sum(counts[:s])` on; the last of them belongs to s, the next to its successor. Symbols
# that own nothing are never shown. Try each slot of `[2, 0, 1, 1]` by hand.
#
# </details>

# %% [markdown] solution_only="19_ans_pop"
# **The rank.** Below a head lie $\lfloor h / M \rfloor$ whole blocks, with f heads each that show the same symbol, and
# in its own block the slot's place among those of the symbol.
#
# **The prediction.** The slot is uniform over M numbers, so the symbol comes with probability f / M, and takes
# $-\log_2 (f/M)$ bits: on average the entropy. Sampling by decoding uses up exactly the randomness that it needs, and
# pushing gives it back. That is all that bits back is made of.

# %% [markdown]
# ## 3. Bits back
#
# *Difficulty* 4/5 · *Importance* 5/5 · 40 minutes
#
# A model of one symbol x with one latent z, all of it in tables: `prior` $(S)$, `likelihood` $(S, X)$ with
# $p(x \mid z)$ in row z, `posterior` $(X, S)$ with $q(z \mid x)$ in row x. Nobody sums z out. Return two functions:
#
# - `encode(stack, rows)` puts `rows` $(N)$, whole numbers, on the stack; what it returns does not matter;
# - `decode(stack, count)` takes so many rows off again, and returns them *in the order in which encode was given
#   them*: the first row lies on top, and one row is told after another, so that `count` may be less than all.
#   Afterwards the stack is what it was before the message.
#
# A `stack` has two methods, `stack.push(symbol, probs)` and `stack.pop(probs)`, which returns a symbol: yours from
# above in the large, with probabilities in place of slots. There is nothing else by which rows may be told. On its
# bottom lie fair coin flips, more than enough. For S symbols `probs` has S numbers; some may be zero.
#
# z is nobody's message, so its choice is free. The stack is to grow, on average over fair bits, by minus the ELBO of
# each row. The check counts the bits of each message.
#
# **Predict, before you begin**: which row must encode begin with? And what, on average, if z were the likeliest state,
# and not popped?

# %% exercise="19_bits_back"
def bits_back(prior: Tensor, likelihood: Tensor, posterior: Tensor) -> tuple:
    """Two functions: encode(stack, rows) and decode(stack, count).

    prior: (S). likelihood: (S, X), p(x | z). posterior: (X, S), q(z | x).
    """
    ### BEGIN SOLUTION
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
    ### END SOLUTION


# %% check="19_bits_back"
check("19_bits_back", bits_back)

# %% [markdown]
# **Two symbols, two latents.** A thousand rows of the model, with its posterior for q and with a q that errs: in one
# chain, where a row pops what rows before have left, and each row on coin flips of its own. The stack has a meter: what
# was spent, and how low it has been. Which of the four numbers is not minus the ELBO?

# %%
with when_written():
    prior, likelihood = table(2, seed=1), table(2, 2, seed=5)
    joint = prior[:, None] * likelihood
    posterior, evidence = (joint / joint.sum(0)).T, joint.sum(0)
    rows = torch.multinomial(evidence, 1000, True, generator=seeded(2))
    for name, q in (("the posterior", posterior), ("one half each", torch.full((2, 2), 0.5, dtype=torch.float64))):
        elbo = (q * (joint.T / q).log2()).sum(1)[rows].mean()
        chain, fresh = MeteredStack(words=32, seed=0), [MeteredStack(words=4, seed=n) for n in range(1000)]
        encode, decode = bits_back(prior, likelihood, q)
        encode(chain, rows)
        spent, lowest = chain.spent, chain.lowest
        found = torch.as_tensor(decode(chain, len(rows)))
        for stack, x in zip(fresh, rows, strict=True):
            encode(stack, x.reshape(1))
        each = torch.tensor([stack.spent for stack in fresh])
        print(f"q is {name}: -ELBO of these rows {-float(elbo):.4f}   a chain {spent / 1000:.4f}"
              f"   fresh bits {each.mean():.4f} ± {each.std() / 1000**0.5:.4f}   initial bits {-lowest:.2f}   round trip {bool((found == rows).all())}")

# %% [markdown]
# <details><summary>Symptom: the rows come back in reverse</summary>
#
# A stack gives back last what was put on it first. `decode` is to find the first row first.
#
# </details>
# <details><summary>Symptom: the first row comes back, the others do not; or the stack has changed</summary>
#
# `decode` must undo *every* step. One step of `encode` took something off the stack. How is that undone, and when does
# the decoder know enough to do it?
#
# </details>
# <details><summary>Symptom: it is lossless, and spends too many bits</summary>
#
# If you choose z yourself, nothing comes back. Let the stack choose it: exercise 2 says how one draws from a
# distribution by means of a stack. Which distribution makes the mean minus the ELBO?
#
# </details>

# %% [markdown] solution_only="19_bits_back"
# **Three steps and their inverses.** Pop z with $q(z \mid x)$, push x with $p(x \mid z)$, push z with $p(z)$;
# backwards, pop z, pop x, push z. Net: $-\log_2 p(x \mid z) - \log_2 p(z) + \log_2 q(z \mid x)$; over z ~ q that is
# minus the ELBO.
#
# **The predictions.** With the last row. With the likeliest z the third term is lost, and z is no draw: the stack grows
# by $-\log_2 p(x, z)$ at the mode. For the posterior itself bits back spends $-\log_2 p(x)$ on *every* row, whatever z.
#
# **The one that is off** is the chain with the q that errs. Averaged over the data its z are one half each; they are
# pushed with another distribution, the prior. What the next row pops is then no coin flip: the bits are *dirty*. On
# fresh bits the same q spends minus its ELBO.

# %% [markdown]
# ## 4. Latents above latents
#
# *Difficulty* 4/5 · *Importance* 3/5 · 35 minutes
#
# A chain: $z_L$ causes $z_{L-1}$, and so on, $z_1$ causes x. `prior` $(S_L)$ is that of $z_L$; `down` is a list of
# tables, $p(x \mid z_1)$ first, $(S_1, X)$, then $p(z_1 \mid z_2)$, $(S_2, S_1)$, and so on; `up` is a list,
# $q(z_1 \mid x)$ first, $(X, S_1)$, then $q(z_2 \mid z_1)$, $(S_1, S_2)$. Return `encode` and `decode` as before, for
# one layer or more.
#
# Net bits are one thing. Here the stack is also to go *no lower than it must*: as few initial bits as the chain
# allows. The check looks at both.
#
# **Predict, before you begin**: how do the initial bits grow with L, if you take all latents off first? And if you do
# not?

# %% exercise="19_layered_latents"
def layered(prior: Tensor, down: list[Tensor], up: list[Tensor]) -> tuple:
    """Two functions: encode(stack, rows) and decode(stack, count).

    prior: (S_L). down: p(x | z_1), p(z_1 | z_2), ... up: q(z_1 | x), q(z_2 | z_1), ...
    """
    ### BEGIN SOLUTION
    def encode(stack, rows):
        for x in reversed(rows.tolist()):
            below = x
            for q, p in zip(up, down, strict=True):
                above = stack.pop(q[below])
                stack.push(below, p[above])
                below = above
            stack.push(below, prior)

    def decode(stack, count):
        rows = []
        for _ in range(count):
            above = stack.pop(prior)
            for q, p in zip(reversed(up), reversed(down), strict=True):
                below = stack.pop(p[above])
                stack.push(above, q[below])
                above = below
            rows.append(above)
        return rows

    return encode, decode
    ### END SOLUTION


# %% check="19_layered_latents"
check("19_layered_latents", layered)

# %% [markdown]
# **How low it goes.** Chains of 16 states a layer; a row of each, over forty stacks of coin flips.

# %%
with when_written():
    for layers in (1, 2, 4, 8):
        down = [table(16, 16, seed=10 + layer) for layer in range(layers)]
        up = [table(16, 16, seed=30 + layer) for layer in range(layers)]
        encode, decode = layered(table(16, seed=9), down, up)
        low, spent = [], []
        for seed in range(40):
            stack = MeteredStack(words=32, seed=seed)
            encode(stack, torch.tensor([3]))
            low.append(-stack.lowest)
            spent.append(stack.spent)
        print(f"{layers} layers   initial bits {np.mean(low):5.2f} ± {np.std(low) / 39**0.5:.2f}   net bits {np.mean(spent):5.2f}")

# %% [markdown]
# <details><summary>Symptom: the bits differ a little from those expected, and the lowest level is lower</summary>
#
# Everything is popped before anything is pushed. Bits that lie on the stack can be popped again; which variables can be
# pushed as soon as $z_1$ is known?
#
# </details>
# <details><summary>Symptom: one layer works, two do not come back</summary>
#
# Write the steps of `encode` for L = 2 as a list, pushes and pops. The list of `decode` is this list backwards, with
# pushes for pops. At each of its steps: is everything known that the probabilities depend on?
#
# </details>
# <details><summary>Symptom: I cannot see the pattern for L layers</summary>
#
# After the first two steps you hold $z_1$, and the task is that of exercise 3 again, one layer higher: $z_1$ is the
# symbol that is to be told. What stands above it?
#
# </details>

# %% [markdown] solution_only="19_layered_latents"
# **The order.** Pop $z_1$, push x; pop $z_2$, push $z_1$; ...; push $z_L$. A variable is pushed as soon as its parent
# is known (Bit-Swap; Kingma, Abbeel and Ho, 2019). There is a price: $z_2$ is popped from what x has just left on the
# stack. Those bits are coin flips if x, given $z_1$, is distributed as $p(x \mid z_1)$ says: with exact posteriors,
# over data of the model. Otherwise they are dirty, and the mean of the net bits is another one: for a single x and a q
# that errs it came out 0.75 bits below minus the ELBO.
#
# **The predictions.** All off first needs the sum of $-\log_2 q$ over the layers, growing like L. In turns, what was
# pushed is there to be popped, and the lowest level hardly grows, unless latents above carry more bits than what has
# been pushed below them.

# %% [markdown]
# ## 5. What bins cost
#
# *Difficulty* 5/5 · *Importance* 5/5 · 50 minutes
#
# A stack pops symbols, and z is a number on a line. So it is told by its bin. Take bins of one width h, whose
# *middles* lie at the whole multiples of h, from minus to plus infinity; x is coded as if z were the middle of its
# bin. The model: $z \sim N(0, 1)$, $x \mid z \sim N(a z, \sigma^2)$ with a = `slope` and $\sigma$ = `noise`; $q = N(m,
# s^2)$ with m = `loc`, s = `scale`, whatever the posterior is. z is popped with q's *mass* of a bin, and pushed with
# the prior's.
#
# What is paid in the mean, in nats, is minus the ELBO of the model on the bins. Return two numbers:
#
# - **exact**: by how much this exceeds minus the ELBO of the densities; at any h, by a sum over bins;
# - **second order**: the term in $h^2$ of that excess as h becomes small, with the h that you are given put in. Derive
#   it: a formula.
#
# x is a number too, and its density stands in both ELBOs. h goes from 0.1 to 4, m up to 15 to either side, s from 0.03
# to 30, noise from 0.03 to 20. Six digits.
#
# **Predict, before you begin**: can bins *save* bits? At the posterior, for which x, on average over data of the model
# itself, and why?

# %% exercise="19_binned_rate"
def binned_rate(x: float, loc: float, scale: float, slope: float, noise: float, width: float) -> tuple[float, float]:
    """What telling z by bins of this width costs, in nats: exactly, and to second order in the width.

    z ~ N(0, 1), x | z ~ N(slope z, noise^2), q = N(loc, scale^2); middles of bins at multiples of width.
    """
    ### BEGIN SOLUTION
    reach = 12 * scale + width
    number = torch.arange(math.floor((loc - reach) / width), math.ceil((loc + reach) / width) + 1, dtype=torch.float64)
    middle = width * number

    def log_mass(mean, sd):
        low, high = (middle - width / 2 - mean) / sd, (middle + width / 2 - mean) / sd
        flip = low > 0                                                  # a difference of upper tails is taken on the other side
        low, high = torch.where(flip, -high, low), torch.where(flip, -low, high)
        top = torch.special.log_ndtr(high)
        return top + torch.log(-torch.expm1(torch.special.log_ndtr(low) - top))

    log_q, log_p = log_mass(loc, scale), log_mass(0.0, 1.0)
    constant = math.log(noise) + 0.5 * math.log(2 * math.pi)
    log_x = -0.5 * ((x - slope * middle) / noise) ** 2 - constant
    mass = log_q.exp()
    rate = (mass * (log_q - log_p - log_x))[mass > 0].sum()
    fit = ((x - slope * loc) ** 2 + slope**2 * scale**2) / (2 * noise**2) + constant
    kl = 0.5 * (scale**2 + loc**2 - 1) - math.log(scale)
    second = width**2 / 24 * ((slope / noise) ** 2 - loc**2 - (scale - 1 / scale) ** 2)
    return float(rate) - fit - kl, second
    ### END SOLUTION


# %% check="19_binned_rate"
check("19_binned_rate", binned_rate)

# %% [markdown]
# **Measured.** q is the posterior of the toy (slope and noise one), for two x. The first figure has nothing of yours:
# z is drawn from q 50,000 times, and what its bin pays is compared with what z itself would. The second has your two
# numbers as lines.

# %%
show(targets.cost_of_width(), alt="Two panels, for two data: over the width of the bins from 0.1 to 4, dots with error bars, the measured excess in nats. Their sizes grow with the width.")

# %%
with when_written():
    show(targets.cost_of_width(binned_rate), alt="The same two panels, with a solid line of exact excess and a dashed one of second order through the dots of narrow bins.")
    for width in (0.1, 0.3, 1.0, 2.0):
        rows = [tuple(float(v) for v in binned_rate(x, x / 2, 0.5**0.5, 1.0, 1.0, width)) for x in (0.0, 3.0)]
        data = np.linspace(-9, 9, 181)
        weights = np.exp(-data**2 / 4) / np.exp(-data**2 / 4).sum()
        mean = sum(w * float(binned_rate(x, x / 2, 0.5**0.5, 1.0, 1.0, width)[0]) for x, w in zip(data, weights, strict=True))
        print(f"h = {width:.1f}   x = 0: {rows[0][0]:+.6f} (second order {rows[0][1]:+.6f})   x = 3: {rows[1][0]:+.6f} ({rows[1][1]:+.6f})"
              f"   mean over data of the model {mean:+.7f}")

# %% [markdown]
# <details><summary>Symptom: NaN or infinity, or digits that are lost far out</summary>
#
# Where both ends of a bin lie far above the mean, two numbers near one are subtracted: take the difference on the
# other side, by symmetry. And work with logarithms of the distribution function, such as `torch.special.log_ndtr`. A
# bin that q never visits pays nothing.
#
# </details>
# <details><summary>Symptom: exact is right, and I have only half of the second order</summary>
#
# Two things happen. x is coded at a middle, not at z: expand $\log p(x \mid z)$ around the middle, and mind that z is
# not spread evenly within its bin: where q rises, z lies above the middle more often than below. And what does one
# gain, in relative entropy of q from the prior, when one does not tell where in its bin z is?
#
# </details>
# <details><summary>Symptom: I do not get the second part</summary>
#
# Not telling the place within a bin loses a relative entropy: that of q *within* the bin from p within the bin. Within
# a narrow bin both are nearly uniform, and $\log q/p$ nearly a straight line. The relative entropy of two
# distributions that are close is half the variance of their log-ratio. What variance has a straight line over a bin of
# width h?
#
# </details>

# %% [markdown] solution_only="19_binned_rate"
# **Two parts.** *Likelihood*: with $u = z - z_b$, coding at the middle costs $\mathbb E_q[\log p(x \mid z) - \log p(x
# \mid z_b)] = \mathbb E_q[\ell' u + \tfrac12 \ell'' u^2]$. In a bin the mean of $u^2$ is $h^2/12$; that of u is not
# zero, since q is tilted there: it is $(\log q)'\, h^2/12$. By parts $\mathbb E_q[\ell' (\log q)'] = -\mathbb
# E_q[\ell'']$, so together this part is $-\frac{h^2}{24} \mathbb E_q[\ell'']$. *Relative entropy*: by the chain rule
# $\mathrm{KL}(q \| p) = \mathrm{KL}(Q \| P) + \mathbb E\,\mathrm{KL}(q \| p \text{ within the bin})$, and the latter
# is half the variance of a line of slope $(\log q/p)'$ over the bin: $h^2/24$ times the square of the slope, which is
# saved.
# $$\frac{h^2}{24}\, \mathbb E_q\Big[-\ell'' - \big((\log q/p)'\big)^2\Big],$$
# here $-\ell'' = a^2/\sigma^2$ and $(\log q/p)' = z - (z - m)/s^2$, whose mean square is $m^2 + (s - 1/s)^2$.
#
# **The prediction.** Yes. At the posterior of the toy the term is $\frac{h^2}{24}(\frac12 - \frac{x^2}4)$: below zero
# for $|x| > \sqrt 2$. The binned model is another model of x; its evidence is higher at some x and lower at others,
# and as both integrate to one, no $h^2$ is left on average over the data of the model: h = 0.3 costs less than a
# ten-thousandth of a nat. Finer bins save next to nothing; what they cost are *initial* bits, one for each halving and
# latent.

# %% [markdown]
# ## 6. S10: the net bits
#
# *Difficulty* 4/5 · *Importance* 5/5 · 45 minutes
#
# The course's coder tells each latent by one of n bins of *equal prior mass*, each 1/n under $N(0, 1)$; the bin's
# *median* under the prior stands for it. For rows of bits, x $(B, D_x)$, with D latents: $x_i \mid z \sim
# \mathrm{Bernoulli}(\sigma(W z + b)_i)$, and $q(z \mid x_b)$ has independent $N(m_{bj}, s_{bj}^2)$. Given are the bins
# that were popped, `index` $(B, D)$, from 0 up. Predict, in **bits**:
#
# - **net**, $(B)$: by how much each row makes the stack longer, for the bins that *were* popped;
# - **mean**, $(B)$: the mean of that over fair bits. $n^D$ is at most 100.
#
# No rounding of the coder: probabilities as they are. n is two or more; s from 0.004 (far narrower than a bin) to 20,
# m up to 7 to either side, logits up to two hundred. Bins that are never popped have no part in a mean.
#
# **Predict, before you begin**: which of the two depends on the bits that lay on the stack? Which of them can you
# compute for a test set before it is coded?

# %% exercise="19_net_bits"
def net_bits(x: Tensor, index: Tensor, loc: Tensor, scale: Tensor, weight: Tensor, bias: Tensor, bins: int) -> tuple[Tensor, Tensor]:
    """Net bits of each row for the bins that were popped, and their mean over fair bits; (B) each.

    x: (B, Dx), bits. index: (B, D), whole numbers. loc, scale: (B, D), of q. weight: (Dx, D). bias: (Dx). bins: of each latent.
    """
    ### BEGIN SOLUTION
    edges = torch.special.ndtri(torch.arange(bins + 1, dtype=torch.float64) / bins)
    points = torch.special.ndtri((torch.arange(bins, dtype=torch.float64) + 0.5) / bins)
    low, high = ((e - loc[..., None]) / scale[..., None] for e in (edges[:-1], edges[1:]))
    flip = low > 0
    low, high = torch.where(flip, -high, low), torch.where(flip, -low, high)
    top = torch.special.log_ndtr(high)
    log_q = top + torch.log(-torch.expm1(torch.special.log_ndtr(low) - top))            # (B, D, n)

    def bits(chosen):                                                                   # (*, B, D)
        q = log_q.expand(*chosen.shape, bins).gather(-1, chosen[..., None])[..., 0].sum(-1)
        logits = points[chosen] @ weight.T + bias
        log_x = torch.nn.functional.logsigmoid(torch.where(x > 0.5, logits, -logits)).sum(-1)
        return q, (q + loc.shape[-1] * math.log(bins) - log_x) / math.log(2)

    every = torch.cartesian_prod(*[torch.arange(bins)] * loc.shape[-1]).reshape(-1, 1, loc.shape[-1])
    q, each = bits(every.expand(-1, *loc.shape))
    chance, none = q.exp(), torch.zeros_like(q)
    mean = torch.where(chance > 0, chance * torch.where(chance > 0, each, none), none).sum(0)
    return bits(index)[1], mean
    ### END SOLUTION


# %% check="19_net_bits"
check("19_net_bits", net_bits)

# %% [markdown]
# **The coder, counted.** `targets.coded` codes rows with the course's stack, each on fresh coin flips, and tells the
# bins that were popped and the bits that the stack grew by. The same 12 rows, 300 times.

# %%
with when_written():
    rows = 12
    x = (uniforms(rows, 10, seed=1) < 0.5).double()
    weight, bias = 1.5 * normals(10, 2, seed=2), normals(10, seed=3)
    loc, scale = normals(rows, 2, seed=4), 0.2 + uniforms(rows, 2, seed=5)
    seen, predicted = [], []
    for seed in range(300):
        index, grown = targets.coded(x, loc, scale, weight, bias, bins=8, seed=seed)
        net, mean = (torch.as_tensor(part) for part in net_bits(x, index, loc, scale, weight, bias, 8))
        seen.append(grown)
        predicted.append(net)
    seen, predicted = torch.stack(seen), torch.stack(predicted)
    print(f"net bits of a row, counted less predicted: at most {(seen - predicted).abs().max():.1e} in {seen.numel()} rows")
    t = (seen.mean(0) - mean) / (seen.std(0) / 300**0.5)
    print(f"mean of all rows: counted {seen.mean():.4f} ± {seen.mean(1).std() / 300**0.5:.4f}, predicted {mean.mean():.4f}"
          f"   largest z-score of a row {t.abs().max():.2f}")

# %% [markdown]
# <details><summary>Symptom: net is off by the same amount in each row</summary>
#
# Three things happen to the stack for each row: one pop and two kinds of push. What does pushing a bin of equal prior
# mass cost? For each latent?
#
# </details>
# <details><summary>Symptom: net is nearly right where n is large</summary>
#
# A density in the median is not the mass of the bin, and the bins have unequal widths. The stack knows masses only.
#
# </details>
# <details><summary>Symptom: the mean is NaN, or off in the last case of the check</summary>
#
# Bins that q never visits: their mass is zero, its logarithm is infinite, and they have no part in the mean. Far out,
# take a difference of distribution functions on the side where they are small. And each vector of D bins counts with
# the *product* of its masses.
#
# </details>

# %% [markdown] solution_only="19_net_bits"
# **Two statements.** *Identity*: for the bins b that were popped, net bits are $-\log_2 p(x \mid z_b) + D \log_2 n +
# \log_2 Q(b \mid x)$, to the coder's rounding, whatever lay on the stack. *Mean*: over fair bits b is a draw from Q,
# and the mean is minus the ELBO, in bits, of the model on the bins.
#
# **The prediction.** The identity needs the b that are popped, and these depend on the stack. The mean does not: the
# bytes of a test set can be forecast before it is coded, up to a standard error. If the bits are not fair, because
# latents of the rows before have another distribution than the prior with which they were pushed, the identity still
# holds, and the mean does not.

# %% [markdown]
# ## 7. Below a stated rate
#
# *Difficulty* 4/5 · *Importance* 4/5 · 50 minutes
#
# Compress data that you have not seen. `train` $(1500, 12)$ holds rows of bits, drawn from a mixture of two to four
# kinds of rows; within a kind the pixels are independent, each with a chance of its own. Return `encode(stack, rows)`
# and `decode(stack, count)` for fresh rows of the same kind, $(N, 12)$, in order, as in exercise 3: the first row lies
# on top, and `count` may be less than all. `stack.push(symbol, probs)` and `stack.pop(probs)` are all there is.
#
# **The rate**: at most 0.35 bits a row more than the model that made the data would pay for these rows. Pixel by
# pixel, with the right frequencies, would be more than 1.5 bits too many.
#
# The decoder is made by *another* call of your function, on the same data: it must arrive at the same probabilities,
# to the last bit. So whatever you draw, draw it from a seed of your own. The check decodes coin flips, too, and looks
# whether what comes is like the data. Each call may take a second.
#
# **Predict, before you begin**: how many bits a row does knowing the kind save? And what does it cost to tell it, if it
# is not paid back?

# %% exercise="19_compress"
def codec(train: Tensor) -> tuple:
    """Two functions: encode(stack, rows) and decode(stack, count), for rows like these.

    train: (M, D), bits.
    """
    ### BEGIN SOLUTION
    x, kinds = train.double(), 8
    r = torch.rand(len(x), kinds, generator=seeded(0), dtype=torch.float64) ** 4
    r = r / r.sum(1, keepdim=True)

    def responsibilities(rows):
        return (rows @ pixels.log().T + (1 - rows) @ (1 - pixels).log().T + chances.log()).softmax(-1)

    for _ in range(80):                                                                 # EM
        chances = (r.sum(0) + 0.5) / (len(x) + 0.5 * kinds)
        pixels = (r.T @ x + 0.5) / (r.sum(0)[:, None] + 1)
        r = responsibilities(x)
    both = torch.stack([1 - pixels, pixels], -1)                                        # (kinds, D, 2)

    def encode(stack, rows):
        for row in rows.flip(0).double():
            z = stack.pop(responsibilities(row[None])[0])
            for d in range(len(row)):
                stack.push(int(row[d]), both[z, d])
            stack.push(z, chances)

    def decode(stack, count):
        found = torch.zeros(count, x.shape[1], dtype=torch.float64)
        for row in found:
            z = stack.pop(chances)
            for d in reversed(range(len(row))):
                row[d] = stack.pop(both[z, d])
            stack.push(z, responsibilities(row[None])[0])
        return found

    return encode, decode
    ### END SOLUTION


# %% check="19_compress"
check("19_compress", codec)

# %% [markdown]
# **Against what lies around.** Three kinds of rows, a thousand of them; bytes of everything, the initial bits left out.

# %%
with when_written():
    import bz2
    import lzma
    import zlib

    kinds = torch.where(uniforms(3, 12, seed=7) < 0.5, 0.08, 0.92).double()
    data = (uniforms(2500, 12, seed=8) < kinds[torch.randint(3, (2500,), generator=seeded(9))]).double()
    train, rows = data[:1500], data[1500:]
    encode, decode = codec(train)
    stack = MeteredStack(words=32, seed=0)
    encode(stack, rows)
    spent = stack.spent
    back = torch.equal(torch.as_tensor(decode(stack, len(rows))).double(), rows)
    packed = np.packbits(rows.numpy().astype(np.uint8)).tobytes()
    print(f"yours {spent / 8:.0f} bytes, round trip {back};   raw {len(packed)};   "
          + ";   ".join(f"{m.__name__} {len(m.compress(packed))}" for m in (zlib, bz2, lzma)))

# %% [markdown]
# <details><summary>Symptom: the rows that come back are others</summary>
#
# Is the decoder's model the same as the encoder's? A fit that begins at random begins elsewhere at each call, unless
# its seed is its own. And each step of encode has its counterpart in decode, in reverse.
#
# </details>
# <details><summary>Symptom: the rate is that of pixel by pixel</summary>
#
# Pixels of one row tell of each other through the kind. Fit a mixture, as in unit 04, with a few kinds more than you
# think: what begins alike stays alike, so begin at unequal places.
#
# </details>
# <details><summary>Symptom: the rate is a bit or so too high, and my mixture is good</summary>
#
# Do you tell the kind of each row, and get nothing back? Exercise 3 says what to do with a latent. Another way is to
# sum the kind out, pixel by pixel: what the pixels so far say of the kind changes the next one's chance.
#
# </details>

# %% [markdown] solution_only="19_compress"
# **A model, and a coder for it.** EM for a mixture of eight kinds, more than there are (empty ones cost next to
# nothing), and bits back with the exact posterior of the kind: then each row costs $-\log_2 p(x)$, as if the kind were
# summed out.
#
# **The predictions.** Knowing the kind saves what each pixel tells of it, $\sum_i I(x_i; z)$: several bits a row.
# Telling it costs $H(z)$, one to two bits, of which bits back returns $H(z \mid x)$, what a row leaves open of its
# kind. With the true kinds that is little. With eight that overlap it is more, and whoever tells the likeliest kind
# loses it.

# %% [markdown]
# ## 8. The sealed case
#
# *Difficulty* 4/5 · *Importance* 4/5 · 35 minutes
#
# Three people code symbols with bits back, each with tables and data *of their own*, and each has counted the net bits
# of 40,000 rows. Slots are read as in exercise 2: `slots[x, z]` of 16 slots belong to z when the symbol is x, side by
# side in order; four bits are read, the first of them the highest, as the number of a slot. Row by row from bits that
# nobody has used before.
#
# - **right**: the bits are fair.
# - **dirty**: the bits are no coin flips. Each of the four is a one with a chance that is not one half, `tilt`,
#   independently. What is pushed and popped is counted as always.
# - **lossy**: the bits are fair. Before anything else a symbol with an odd number is replaced by the one below it.
#
# You are not told who. Given are, each with the persons as first axis: `bits` (3), the mean net bits of a row, and
# `errors` (3), their standard errors; `data` $(3, X)$, how often each symbol comes; `prior` $(3, S)$; `likelihood`
# $(3, S, X)$; `slots` $(3, X, S)$; and `tilt` (3), which is the chance of a one *if* this person's bits are dirty.
# Return the three names `"lossy"`, `"dirty"`, `"right"` in the order of the persons.
#
# The evidence is enough: for the tables of each person, any two of the three would differ by six standard errors or
# more. The check brings 40 cases and demands all names right in 38 of them.
#
# **Predict, before you begin**: can a lossy coder spend *more* than the right one with the same tables? Can one with
# dirty bits spend less?

# %% exercise="19_sealed_case"
def name_them(bits: Tensor, errors: Tensor, data: Tensor, prior: Tensor, likelihood: Tensor, slots: Tensor, tilt: Tensor) -> list[str]:
    """Which coder is "lossy", which is "dirty", and which is "right", in the order of the persons.

    bits, errors: (3), mean net bits of a row. data: (3, X). prior: (3, S). likelihood: (3, S, X). slots: (3, X, S), of 16. tilt: (3).
    """
    ### BEGIN SOLUTION
    q = slots / 16
    net = torch.log2(q) - torch.log2(likelihood.mT) - torch.log2(prior[:, None])        # (3, X, S)
    even = torch.arange(data.shape[1]) // 2 * 2
    ones = torch.tensor([bin(k).count("1") for k in range(16)], dtype=torch.float64)
    chance = tilt[:, None] ** ones * (1 - tilt[:, None]) ** (4 - ones)                  # (3, 16), of each number
    owner = (torch.arange(16)[:, None] >= slots.cumsum(-1)[..., None, :]).sum(-1)       # (3, X, 16)
    expected = {
        "lossy": (data[..., None] * (q * net)[:, even]).sum((1, 2)),
        "dirty": (data[..., None] * chance[:, None] * net.gather(-1, owner)).sum((1, 2)),
        "right": (data[..., None] * q * net).sum((1, 2)),
    }
    misfit = {name: ((bits - there) / errors).square() for name, there in expected.items()}
    import itertools
    return list(min(itertools.permutations(expected), key=lambda order: sum(misfit[name][i] for i, name in enumerate(order))))
    ### END SOLUTION


# %% check="19_sealed_case"
check("19_sealed_case", name_them)

# %% [markdown]
# **Open one.** `sealed_case` draws a case as the check does; the seed decides everything, the order too. Decide
# first, then open.

# %%
with when_written():
    case = sealed_case("19_sealed_case", seed=1)
    for letter, mean, error, chances in zip("ABC", case.given["bits"], case.given["errors"], case.given["data"], strict=True):
        print(f"{letter}: {mean:.4f} ± {error:.4f} bits a row; entropy of the data {-float(chances @ chances.log2()):.4f}")
    print(case.open(name_them(**case.given)))

# %% [markdown]
# <details><summary>Symptom: I call the one with the fewest bits lossy, and am right by chance alone</summary>
#
# Each has data and tables of their own. And a symbol that is replaced may be replaced by one that is dearer. Compute
# what *these* tables would give.
#
# </details>
# <details><summary>Symptom: I find the right one, and confuse the other two</summary>
#
# The lossy coder is a right coder of other data: how often does it code each symbol? z is then popped given the symbol
# that is coded. That is a closed form; whoever is left has dirty bits.
#
# </details>
# <details><summary>Symptom: I cannot compute the one with dirty bits</summary>
#
# You hardly need it. If you want it: 16 numbers of four bits, each with the chance that the tilt gives it; each
# belongs to a slot, each slot to a z. Then the same mean of net bits, with these chances of z in place of q.
#
# </details>

# %% [markdown] solution_only="19_sealed_case"
# **What each spends.** Net bits of x and z are $r(x, z) = \log_2 q(z \mid x) - \log_2 p(x \mid z) - \log_2 p(z)$.
# Right: their mean over the data and q. Lossy: the same with $x' = x - x \bmod 2$ in place of x. Dirty: over the data
# and the chances with which tilted bits name the slots of z, and r as before.
#
# **The predictions.** Both, yes: the symbol below may be the rarer one under the model; and tilted bits may prefer
# those z that are cheap. A right coder never beats the entropy of its data. The others may: one tells less, the other
# is paid back bits that were not worth one each.

# %% [markdown]
# ## 9. In words: four claims about a compressor
#
# *Difficulty* 3/5 · *Importance* 4/5 · 20 minutes
#
# From a report: "(1) We use bits back with 10 bits for each of our 32 latents. Finer bins would give a better rate, so
# we went to 16. (2) The first picture needs some 300 random bits; so each picture costs 300 bits more than minus its
# ELBO. (3) Our rate on the test set came out 2% above minus the ELBO, at which we evaluated it. So the coder wastes
# 2%, by its rounding. (4) An importance-weighted bound with K = 50 is 3% higher than the ELBO of the same model, so we
# can send the test set with 3% fewer bits, by the same coder." For each claim write two or three sentences: what is
# right about it, what is not, and what you would measure to decide. Then one sentence: why does bits back need a
# *lossless* code for x, and what becomes of the rows before if one pixel is lost?

# %% [markdown] written="19_written"
# (1) With bins well below the width of q the net bits hardly change: the excess is of second order in the width, and
# on average over data of the model, with the posterior for q, of fourth. What grows are initial bits, six for each latent, once. Measure: net and
# initial bits over the number of bins.
#
# (2) Initial bits are paid once for a message: the second picture pops what the first has pushed. For a chain of N
# pictures it is 300/N each; only a picture sent alone pays them all. Measure: bits of chains of 1, 10, 100 pictures.
#
# (3) Rounding of probabilities costs a hundred parts in a million or so (section 2 of the lecture). Net bits are those of the z that were popped: a mean
# has a standard error; and if q averaged over the data is not the prior, chained bits are dirty, and z no draw of q.
# Measure: the identity, net bits against the log-ratio at the z popped; and fresh coin flips for each row beside a
# chain.
#
# (4) The coder pops one z from q and pays minus the ELBO. A tighter bound is no rate of this coder. There are coders
# that pay minus the K-sample bound, but they pop and push K latents, and need more initial bits. Measure: bytes.
#
# The decoder needs x to push z back with q(z | x): if one pixel is wrong, other bits come onto the stack, and all rows
# that lie below are lost.
#
# === BEGIN MARK SCHEME ===
# Two points in all, in quarters; 0.5 for each of the four claims, of which 0.25 is lost if the last sentence is
# missing or wrong (once).
#
# - 0.5: claim 1. Net bits hardly depend on the bins once these are narrower than q; finer bins cost initial bits.
#   Either half: 0.25. Accept: coarse bins may even save, with the reason (either sign, another model).
# - 0.5: claim 2. Once for a message, not for each picture (chaining). Accept: right for pictures sent one by one.
# - 0.5: claim 3. Not the rounding. One of: the standard error of the mean over z (or data); dirty bits (q averaged
#   over the data is not the prior); headers and initial bits; the ELBO of the densities against that of the bins. With
#   a measurement; without one 0.25.
# - 0.5: claim 4. The coder's rate is the ELBO, or: the bound with K needs a coder that uses K latents. Only "3% is too
#   much": 0.
# - Last sentence: the bits of z are given back with q(z | x), so x must be exact; otherwise everything below is
#   garbage.
# === END MARK SCHEME ===
