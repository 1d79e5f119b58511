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

# %% [markdown]
# # 19 · Bits back
#
# For nineteen units we have climbed a bound, and called its unit a nat. In this one the nats become bytes on a disk. A latent variable model is turned into a lossless coder of real images, and the length of the file can be told before it is written, but for chance: it is minus the ELBO. Whatever made a bound tighter or a family richer in the units before can now be weighed.
# The trick is an old one with a good name. The coder has to choose a latent, and any choice would do. So it lets other bits, which have to be sent anyway, make the choice; and the receiver, who can work out what was chosen, gets those bits back.
#
# **After this unit you can**
#
# - say what a message costs under a model, what a wrong model adds, and why the entropy is the floor,
# - read and write a stack of bits by hand, and say why it gives symbols back in reverse,
# - explain why decoding random bits *is* sampling, and what happens when the bits are not random,
# - account for every bit of bits-back coding: what is lent, what is paid, what comes back,
# - put continuous latents on bins, and tell the two prices of precision apart,
# - forecast the size of a file from an ELBO, hold the forecast to the file, and compare coders fairly,
# - say what a tighter bound, a richer family and a second layer are worth, in bytes.
#
# **Time**: about 48 minutes of reading and playing on the main line; what is marked *aside* takes 2 minutes more. The page computes in about a minute.
#
# > **What you need, if you read this unit alone**
# >
# > - The **ELBO**: $\log p(x) \ge \mathcal L(x) = \mathbb E_q[\log p(x, z) - \log q(z \mid x)]$, with a gap of $\mathrm{KL}(q \,\|\, p(z \mid x))$ (unit 03; its section 8 has the idea of this unit in a table).
# > - A **variational autoencoder**: $z \sim N(0, I)$, pixels independent given $z$, with a network for their probabilities; an encoder reads $x$ and writes the normal $q(z \mid x)$ (unit 13).
# > - The **importance-weighted bound** of K samples, $\mathbb E \log \frac1K \sum_k w_k$ with $w_k = p(x, z_k)/q(z_k \mid x)$: tighter than the ELBO, which is K = 1 (unit 10).
# > - A **nat** is $1/\ln 2 = 1.44$ bits, and a byte is eight bits.
# > - **How to read the numbers**: mean $\pm$ standard error; $t$ is a z-score, and beyond $|t| = 4.5$ a cell stops. A sentence that compares is held to five seeds or more by `claim`.

# %%
import gzip
import math
import time

import numpy as np
import torch

from course_vi.coding import AnsStack, BernoulliCode, BitsBack, CategoricalCode, Stack
from course_vi.data import digits
from course_vi.diagnostics import claim

# %%
from course_vi.experiments.coding_trial import coder_of, log_weights, train_coders
from course_vi.experiments.general_coders import context_code_length, general_coders, packed
from course_vi.experiments.latent_coders import PlainCoder, coded
from course_vi.experiments.stored_tables import stored_table
from course_vi.learning import smoke_cap
from course_vi.plots import lecture_19 as figures
from course_vi.plots import movies, show, show_moving
from course_vi.progress import predict, reveal, tally

# %%
images = digits()
train, test = images.train, images.test
BITS = 1 / math.log(2)                                     # bits in a nat
print(f"{len(train)} images to learn from, {len(test)} to send, {test.shape[-1]} pixels of one bit each")

# %% [markdown]
# ## 1. What a message costs
#
# A code gives every message a string of bits, such that no string is the beginning of another. There are two strings of one bit, four of two, and so on, and a message that gets a string of $\ell$ bits uses up a share of $2^{-\ell}$ of all strings there are. Shares add up to at most one. So **lengths are probabilities in disguise**: a code with lengths $\ell(x)$ believes in $p(x) = 2^{-\ell(x)}$, and a model $p$ asks for the lengths
#
# $$\ell(x) = -\log_2 p(x).$$
#
# If messages come from $\pi$ and the code believes in $p$, the mean length is the **cross-entropy**, which is the entropy plus what the wrong belief costs (all of it to base 2, in bits):
#
# $$\mathbb E_\pi[-\log_2 p(x)] = \underbrace{H(\pi)}_{\text{no code can do better}} + \underbrace{\mathrm{KL}(\pi \,\|\, p)}_{\text{never negative}} .$$
#
# > **Predict 1.** A code was built for a coin that shows heads nine times out of ten. It is used for a fair coin. How many bits does it spend on a toss, on average?

# %%
predict("19_1", choices=["0.5", "1", "1.7", "3.3"])

# %%
def cross_entropy(world, model):
    """Bits per symbol, for the probabilities of the symbols."""
    return -sum(w * math.log2(m) for w, m in zip(world, model, strict=True) if w)


bent, fair = (0.9, 0.1), (0.5, 0.5)
for world, model in ((bent, bent), (fair, fair), (fair, bent), (bent, fair)):
    print(f"coin {world}, code for {model}: {cross_entropy(world, model):.3f} bits a toss")

# %%
# Run this cell to compare it with your prediction.
reveal("19_1", "1.7")

# %% [markdown]
# <details><summary>Answer to Predict 1</summary>
#
# 1.737. Heads costs 0.152 bits and tails 3.322, and they come equally often. A code that believes too much in one side is worse than no code: 0.737 bits more than one bit a toss. On the coin it was built for it spends 0.469 bits.
#
# </details>
#
# Two things follow. First, **compression is prediction**. Here are two predictors of our digits that use no latents: one knows how often each pixel is black, and the other looks at the four neighbours that came before it in reading order (left, above left, above, above right), with a table of counts for each pixel.

# %%
black = train.double().mean(0).clamp(1 / 3000, 1 - 1 / 3000)
alone = -torch.where(test == 1, black, 1 - black).log2().sum(-1)
neighbours = context_code_length(train, test)
for name, bits in (("a fair coin for every pixel", torch.full((297,), 64.0)), ("how often each pixel is black", alone),
                   ("given four neighbours", neighbours)):
    print(f"{name:32s} {bits.mean():5.2f} bits per new image, {bits.sum() / 8:6.0f} bytes for all {len(test)}")

# %% [markdown]
# Second, **0.469 bits is no whole number**. A code that gives each toss its own string needs a bit or more a toss, and wastes more than half of it; Huffman's code has this weakness. The way out is to let symbols share bits, in one of two ways. *Arithmetic coding* narrows an interval, and reads out what it wrote first, first. The other way is a stack, and what comes last comes off first. For what we have in mind, we need the stack.
#
# ## 2. A stack of bits
#
# Take one whole number $s$, as large as need be. To push one of M symbols that are all alike, multiply by M and add the symbol. To pop, divide: the remainder is the symbol, and the quotient is what was there before.

# %%
s = 1
for digit in (3, 1, 4, 1, 5):
    s = s * 10 + digit
print("the number", s, "  bits:", round(math.log2(s), 2))
while s > 1:
    s, digit = divmod(s, 10)
    print("popped", digit, "  left:", s)

# %% [markdown]
# That is our own decimal system, read as a stack: each digit costs $\log_2 10 = 3.32$ bits, the number grows tenfold with each, and digits come back **in reverse**. Note that the coder never asks where the number came from. It was 1; it could have been anything.
#
# Now let the symbols be unequal. Colour all whole numbers, so that a symbol of probability $\tfrac34$ owns three quarters of them. **To push a symbol, go from $s$ to the number that is the $s$-th of its colour** (counted from 0). Of that colour there are three in every four, so the new number is about $\tfrac43 s$: the stack has grown by $\log_2 \tfrac43 = -\log_2 p$ bits. **To pop, look at the colour of $s$**: that is the symbol; how many of its colour came before is the old number.

# %%
show(figures.coloured_numbers({"prior of $z$: one half each": "01", r"$q(z \mid x = 1)$: $z = 1$ has three quarters": "0111",
                               r"$p(x \mid z = 0)$: $x = 1$ has one quarter": "0001"}),
     alt="Three strips with the whole numbers 0 to 15. In the first, colours of 0 and 1 take turns. In the second, "
         "every fourth number, from 0 on, belongs to 0 and the others to 1. In the third, every fourth number, from 3 on, belongs "
         "to 1. Under each number stands its place among those of its colour.")

# %% [markdown]
# Try it on the second strip: pushing 1 on $s = 5$ leads to the number 7, whose colour is 1 and before which five others of that colour stand. Pushing 0 on 5 leads to 20 (off the strip). This is **asymmetric numeral systems**, ANS for short (Duda, 2009). The arithmetic that finds the $s$-th number of a colour in one step is short, and the problem set asks for it.
#
# > **Predict 2.** Begin with $s = 1$ and push the symbol of probability $\tfrac34$ a hundred times. How many bits long is the number?

# %%
predict("19_2", choices=["about 20", "about 42", "about 75", "about 100"])

# %%
for name, symbol, chance in (("likely", 1, 0.75), ("unlikely", 0, 0.25)):
    for start in (1, 2**20):
        stack = AnsStack(head=start)
        before = stack.bits
        for _ in range(100):
            stack.push(symbol, [1, 3])                     # of every four numbers, 0 owns one and 1 owns three
        print(f"a hundred of the {name} symbol on {start}: {stack.bits - before:.2f} bits; -100 log2 p: {-100 * math.log2(chance):.2f}")

# %%
# Run this cell to compare it with your prediction.
reveal("19_2", "about 42")

# %% [markdown]
# <details><summary>Answer to Predict 2</summary>
#
# About 42: $100 \log_2 \tfrac43 = 41.5$. (Begun at 1 it takes somewhat more, since the $s$-th number of a colour is only *about* $\tfrac43 s$ while $s$ is small; begun at a million it does not.) No symbol has bits of its own; each push multiplies, and only the product has to be written down.
#
# </details>
#
# A number of a million digits would be slow to multiply, so real coders keep only a *head* of some 32 or 64 bits in hand. When it gets too long its lowest bits go to a list, and when it gets too short they come back. `AnsStack` is such a coder, made to be read; `Stack` does the same with the library `constriction`, with probabilities in steps of $2^{-24}$. How much do the steps and the head cost?

# %%
source = np.random.default_rng(0)
chances = source.dirichlet([0.5] * 20, size=50_000)        # a distribution of its own for every symbol
symbols = (chances.cumsum(1) < source.random((50_000, 1))).sum(1).clip(max=19)
code, stack = CategoricalCode(chances), Stack()
stack.push(symbols, code)
ideal = -np.log2(chances[np.arange(50_000), symbols]).sum()
print(f"{stack.bits} bits; -log2 p in sum: {ideal:.1f}; excess {1e6 * (stack.bits / ideal - 1):.0f} in a million")
assert (stack.pop(code) == symbols).all() and stack.bits == 0

# %% [markdown]
# Hardly anything. From here on we treat the coder as ideal: a push costs $-\log_2 p$ bits.
#
# ## 3. Decoding is sampling
#
# Pop from a stack onto which nobody has pushed. There is no error; a stack is a number, and every number has a colour. If $s$ is spread evenly over a long range, three quarters of its values have the colour of a symbol with probability $\tfrac34$. So **popping from fair coin flips draws the symbol with its probability**, and uses up $-\log_2 p$ of the flips. And the number that is left is spread evenly again: the next pop is a new draw.
#
# > **Predict 3.** From 32,000 fair coin flips we pop 10,000 symbols with probabilities $(\tfrac14, \tfrac34)$. How many flips are left, and what share of the symbols are zeros?

# %%
predict("19_3", choices=["about 22,000; a quarter", "about 23,900; a quarter", "about 23,900; a quarter exactly", "12,000; half"])

# %%
def popped(stack, n=10_000):
    """Share of zeros among n symbols with probabilities 1/4 and 3/4, and the bits that they used."""
    before = stack.bits
    found = stack.pop(BernoulliCode(np.full(n, 0.75)))
    return (found == 0).mean(), before - stack.bits


entropy, error = cross_entropy((0.25, 0.75), (0.25, 0.75)), (0.25 * 0.75 / 10_000) ** 0.5
for seed in range(3):
    share, used = popped(Stack.random(1000, seed))
    print(f"share of zeros {share:.4f}, t = {(share - 0.25) / error:+.1f}; flips used {used}, n H = {10_000 * entropy:.0f}")
    assert abs(share - 0.25) < 4.5 * error
ones = Stack(np.full(1000, 2**32 - 1, dtype=np.uint32))
print("from a stack of nothing but ones: share of zeros", popped(ones, 2000)[0])

# %%
# Run this cell to compare it with your prediction.
reveal("19_3", "about 23,900; a quarter")

# %% [markdown]
# <details><summary>Answer to Predict 3</summary>
#
# A quarter, up to chance, as any sample would have it; and about $10{,}000 \times 0.811 = 8{,}113$ flips are gone. The last line shows what the flips are needed for: a stack of ones has no chance in it, and what is popped is no sample.
#
# </details>
#
# So a coder contains a sampler, and the sampler can be run backwards: pushing the sample gives the very flips back. Random number generators do not do that. Everything in this unit rests on it.
#
# ## 4. Bits back
#
# Here is the smallest model with a latent: $z$ is 0 or 1, equally often, and so is $x$, which agrees with $z$ three times out of four. We want to send $x = 1$. Its probability is one half, so it should cost one bit. But our coder has no $p(x)$; it has $p(z)$ and $p(x \mid z)$. It may choose a $z$, push $x$ with $p(x \mid z)$, and push $z$ with $p(z)$. With the better choice, $z = 1$, that costs $\log_2 \tfrac43 + 1 = 1.415$ bits: too many. With $z = 0$ it costs $2 + 1 = 3$.
#
# The waste is in the choice. Either value of $z$ would do, the receiver sees which one was taken, and that is news he did not ask for. So let the choice tell him something that he has to be told anyway. There already is a number on the stack, from earlier messages, say. **Pop $z$ from it**, with the probabilities $q(z \mid x = 1) = (\tfrac14, \tfrac34)$, and go on as before: push $x$, push $z$. By hand, with the colours of the figure in section 2, from two starting points:
#
# | | $s = 1000$ | $s = 1001$ |
# |---|---|---|
# | pop $z$ from $q(z \mid x = 1)$ | 1000 has the colour of $z = 0$; 250 such numbers before it | 1001 has the colour of $z = 1$; 750 before it |
# | push $x = 1$ with $p(x \mid z)$ | owns every fourth number, from 3 on: $250 \to 1003$ | owns all but every fourth, from 1 on: $750 \to 1001$ |
# | push $z$ with $p(z)$ | $z = 0$ owns the even numbers: $1003 \to 2006$ | $z = 1$ owns the odd ones: $1001 \to 2003$ |
# | the number has grown by a factor of | 2.006 | 2.001 |
#
# > **Predict 4.** In both columns the number has doubled: one bit, as it should be. Now take for $q$ the prior, one half each, instead of the posterior. By how many bits does the stack grow, on average?

# %%
predict("19_4", choices=["1", "1.21", "1.42", "2.21"])

# %%
agree, differ = math.log2(4 / 3), 2.0                      # what x costs where it agrees with z, and where not
for name, q in (("posterior", (0.25, 0.75)), ("prior", (0.5, 0.5)), ("always z = 1", (0.0, 1.0))):
    back = sum(-share * math.log2(share) for share in q if share)
    paid = 1 + q[0] * differ + q[1] * agree
    print(f"{name:13s} paid {paid:.3f} bits, came back {back:.3f}, net {paid - back:.3f}")

# %%
# Run this cell to compare it with your prediction.
reveal("19_4", "1.21")

# %% [markdown]
# <details><summary>Answer to Predict 4</summary>
#
# 1.21 bits: $x$ costs $\tfrac12(0.415 + 2)$, and $z$ costs one bit and returns one. The excess over one bit is $\mathrm{KL}(q \,\|\, p(z \mid x)) = 0.21$ bits, the gap of the ELBO. To take always the better $z$ costs 1.415: nothing comes back.
#
# </details>
#
# The receiver goes the same way backwards. He pops $z$, then $x$; and now that he knows $x$ he knows $q(z \mid x)$, too, and **pushes $z$ with it**. Then the number is what it was before, 1000 or 1001, and the earlier messages can be read from it. What was taken has come back.
#
# In expectation over fair flips, the net length is $\mathbb E_q[-\log_2 p(x \mid z) - \log_2 p(z) + \log_2 q(z \mid x)]$: **minus the ELBO, in bits**. It is smallest where $q$ is the posterior, and then it is $-\log_2 p(x)$, whatever was popped, as the table shows.
#
# > You will read (R. Bamler, *Data Compression With and Without Deep Probabilistic Models*, Tübingen 2023, lecture 8, "Expected Net Bit Rate") that we have no idea how the bits $s$ are distributed, "⇒ uniform distribution", with the example that "$\mathbf s$ is the compressed representation of some previously encoded data". The argument that follows is right for uniform bits. But ignorance makes no bits uniform, and compressed data are
# > fair flips only so far as the model that compressed them is right. Ours never are. Section 6 measures what that does.
#
# ## 5. Latents on bins
#
# > The same slides allow continuous latents, "if $\mathbf Z \in \mathbb R^d$", and go on to encode with $P(\mathbf Z = \mathbf z)$. But for a continuous latent that is zero, and no coder can push a real number. Sender and receiver have to agree on **bins**.
#
# `BitsBack` cuts the line of each latent into $2^b$ bins that are equally probable under the prior. Then a push with $p(z)$ costs exactly $b$ bits a latent. What is popped with $q$ is the number of a bin, with the mass of $q$ on it as its probability; and what the decoder network reads is the bin's median.

# %%
pair = p, q = train_coders("ELBO", train, [0], 2000)[0]    # eight latents; one seed, 2,000 steps
with torch.no_grad():
    density = q.distribution(test[0])
latent = int(density.stddev.argmin())                      # the one that the encoder is surest of
loc, scale = density.loc[latent].item(), density.stddev[latent].item()
show(figures.on_bins(loc, scale, (2, 4, 6)),
     alt="A standard normal prior, dashed, and a narrow q on it, in three panels. On 4 bins nearly all the mass of q lies in the two in the middle, each about "
         "two of its standard deviations wide. On 16 bins it is spread over a few, and on 64 over many that follow its curve.")

# %% [markdown]
# > **Predict 5.** From 16 bins a latent to 4,096. How does the net length of an image change, and how the number of bits that the first image must find on the stack?

# %%
predict("19_5", choices=["net: hardly; first: hardly", "net: hardly; first: 8 bits a latent more", "net: 8 bits a latent more; first: hardly"])

# %% [markdown]
# The numbers come from a table: five seeds of this model, 60 test images coded in one chain for each precision, and decoded again (`benchmarks/lecture_19.py`).

# %%
bins, trial = stored_table("bins", 19)["2000"], stored_table("trial", 19)
plain = {key: torch.tensor(value) for key, value in trial["2000"]["ELBO"].items()}
fineness = sorted(int(key) for key in bins if key.isdigit())
net, initial = (torch.tensor([bins[str(b)][key] for b in fineness], dtype=torch.float64) for key in ("net", "initial"))
for b, row, lent in zip(fineness, net, initial, strict=True):
    print(f"2^{b:<2d} bins: net {row.mean():6.2f} ± {row.std() / 5**0.5:.2f} bits an image, lent {lent.mean():5.1f} ± {lent.std() / 5**0.5:.1f}")
ideal = -torch.tensor(bins["8"]["elbo of these"], dtype=torch.float64) * BITS
print(f"minus the ELBO, not binned: {ideal.mean():.2f}")

# %%
show(figures.price_of_bins(fineness, net, initial, ideal),
     alt="Left: net bits per image over the logarithm of the number of bins, 2 to 12. They fall from 2 to 3, and then lie close to the "
         "dashed line, minus the ELBO. Right: bits lent to the first image, which rise along a straight line.")

# %%
at = {b: row for b, row in zip(fineness, net, strict=True)}
lend = {b: row for b, row in zip(fineness, initial, strict=True)}
claim("4 bins a latent cost net bits, against 256", at[2] - at[8], +1)
claim("16 bins and 4,096: no difference seen in net bits", at[4] - at[12], 0)
claim("each doubling asks for more initial bits", (lend[12] - lend[4]) / 8, +1);

# %%
# Run this cell to compare it with your prediction.
reveal("19_5", "net: hardly; first: 8 bits a latent more")

# %% [markdown]
# <details><summary>Answer to Predict 5</summary>
#
# The net length hardly changes: a bin half as wide costs a bit more when $z$ is pushed, and returns a bit more when $z$ is popped. But it must be there to be popped: every doubling asks for one more initial bit per latent.
#
# </details>
#
# When are bins too coarse? As a rule of thumb, when $q$ is narrower than they are. What coarse bins do is subtler than rounding: since the decoder network reads the bin's median, **they change the model**. Its latents live on a grid, its ELBO is a sum, and that sum, not the integral, is what the coder attains, at any width. It can lie on either side of the integral. In the problem set you compute it, and find which sign the difference has, and why.
#
# ## 6. Real digits
#
# Now the whole test set. **The forecast first.** With the ELBO of the images that are to be sent, from samples, we know what to expect; and from the spread of $\log w$ over draws of $z$, how far chance may take us from it.
#
# > **Predict 6.** A fair coin for every pixel makes 2,376 bytes, the four neighbours about 1,060. How many bytes net will the autoencoder take for all 297 images?

# %%
predict("19_6", choices=["about 700", "about 960", "about 1,060", "about 1,300"])

# %%
log_w = log_weights(pair, test, 200, seed=1)             # (200, 297), nats
forecast = -log_w.mean(0).sum().item() * BITS / 8
spread = log_w.var(0).sum().sqrt().item() * BITS / 8
print(f"forecast: {forecast:.1f} ± {spread:.1f} bytes; a chain of {len(test)} images draws one z for each")

# %%
coder = BitsBack(p, q, precision=10, initial_words=4)
start = time.perf_counter()
message = coder.encode(test)
assert torch.equal(coder.decode(message), test)            # every pixel of every image
seconds = (time.perf_counter() - start) / len(test)
net_bytes = coder.net_bits(message) / 8
print(f"file: {len(message)} bytes = {net_bytes:.1f} net + 16 lent at the start + 12 header, and the rest of the last word")
print(f"net against the forecast: t = {(net_bytes - forecast) / spread:+.1f};   {1000 * seconds:.1f} ms an image, there and back")
assert abs(net_bytes - forecast) < 4.5 * spread or smoke_cap(2000) < 2000

# %%
# Run this cell to compare it with your prediction.
reveal("19_6", "about 960")

# %% [markdown]
# <details><summary>Answer to Predict 6</summary>
#
# About 960: 26 bits an image in place of 64. You could nearly have read it off the table of section 5, where the first 60 images take 26.6 bits each. These are a little dearer than most: over all 297 the mean ELBO is about $-18$ nats, and $297 \times 18 \times 1.44 / 8 = 963$.
#
# </details>
#
# That was one seed. Over the five of the table, is the file as long as forecast?

# %%
claim("net bits are minus the ELBO: no difference seen", plain["net"] + plain["elbo"] * BITS, 0)
claim("fewer bits than four neighbours need", plain["net"] - neighbours.mean().item(), -1)
fresh, chained = (torch.tensor(bins["fresh"][key]) for key in ("net", "chained"))
claim("bits left by the last image, or fresh flips: no difference seen", chained - fresh, 0);

# %% [markdown]
# The last line is about **dirty bits**. In a chain each image pops its $z$ from what the image before has left. Those bits are fair flips if what was pushed had the distribution it was pushed with. Latents were pushed with $p(z)$, and they are distributed as the *aggregate posterior* (unit 13), which is not quite the prior; pixels were pushed with a model that is not quite true. Then $z$ is no exact draw from $q$, and the mean no exact ELBO. The message stays lossless. On 60 images and five seeds we see no difference between a chain and fresh flips for every image; the standard error is a quarter of a bit an image, so a small one may well be there.
#
# > You will read (R. Salomone, *Deep Probabilistic Models*, AMSI Winter School 2021, part IV) that the prior trains the model "so that the marginal distribution over the data for **Z** is independent and standard normal". If it did, latents would leave clean bits behind. It holds at a perfect fit. It also holds where $q$ has collapsed to the prior and says nothing; there the bits of the pixels are dirty all the same. Training promises neither.
#
# ### The stack at work

# %%
stack, heights = Stack.random(4, seed=0), []
worker = PlainCoder(p, q)
begin = stack.bits
for image in test[:5]:
    heights.append(worker.push(stack, image))
show_moving(movies.stack_of_bits(begin, heights),
            alt="A column of bits that goes down and up. It begins at 128 random bits. Each of five images first takes some 70 bits off to draw its latents, "
                "then adds between 10 and 25 for the pixels and 80 for the latents, and so leaves the column higher than it found it.")

# %% [markdown]
# The first image goes deep: it needs some 70 bits that nobody has left for it, and they have to be made up, and sent. One image alone is therefore *longer* than its 64 pixels. How does it go on?

# %%
counts = torch.unique(torch.logspace(0, math.log10(len(test)), 25).round().long())
runs = coded(coder_of(pair, train), test.flip(0))           # the last row goes on first: here, the first image
total = 12 + runs.initial / 8 + runs.net.flip(0).cumsum(0)[counts - 1] / 8   # a header of 12 bytes
zipped = [len(gzip.compress(packed(test[:n]), 9, mtime=0)) for n in counts]
curves = {"bits back, with header and initial bits": total / counts,
          "gzip": torch.tensor(zipped) / counts,
          "one bit a pixel": torch.full((len(counts),), 8.0)}
show(figures.chain(counts, curves),
     alt="Bytes per image over the number of images in a message, both axes logarithmic. Bits back begins at about 24 bytes, falls below the eight bytes of one bit a pixel at "
         "five images or so, and ends near 3.3. gzip begins at about 28 bytes, falls below eight at some 16 images, and ends near five.")

# %% [markdown]
# ### Against other coders, fairly
#
# A comparison of coders is easily unfair. So, openly:
#
# - **What each coder was told.** Ours learned from 1,500 training images. gzip has never seen a digit. In three rows below the rivals get the training images as well: gzip's method with all of them as a dictionary, and the two predictors of section 1. (Of those two we give the computed length, without a header; all others were decoded again.)
# - **One file or many.** A format's header is paid for each file. We give both: all images in one file (for PNG and WebP one tall strip), and, where that is quick, a file each. Ours is made for a chain; with an image each it would lend 70 bits every time.
# - **What is not counted.** Our receiver needs both networks, and any receiver of gzip needs gzip. The difference is that ours are good for one kind of image only. They have their own line below.
# - **How hard they were tried.** Every general coder runs at a high setting.

# %%
sizes = general_coders(test, train)
for name, size in sizes.items():
    apart = "" if size.apart is None else size.apart
    print(f"{name:42s} one file {size.together:5d} bytes   a file each {apart:>6}   {1e6 * size.seconds / len(test):8.1f} µs an image")
bars = {name: size.together for name, size in sizes.items()}
bars |= {"pixels one by one, computed": alone.sum().item() / 8,
         "four neighbours, computed": neighbours.sum().item() / 8, "bits back, the whole file": len(message)}
show(figures.sizes(bars, ["bits back, the whole file"], forecast),
     alt="Bars of bytes for all images: one bit a pixel 2,376, PNG about 2,170, xz, bz2, gzip, WebP and zstd between 1,350 and 1,620, pixels one by one and gzip's method with a dictionary near 1,310, "
         "four neighbours 1,057, bits back just below 1,000; the dashed forecast a little below that.")

# %%
weights = sum(value.numel() for part in (p, q) for value in part.parameters())
saved = (bars["gzip"] - len(message)) / len(test)
print(f"{weights} weights, {4 * weights} bytes as 32-bit floats; {saved:.2f} bytes saved per image against gzip: "
      f"they pay after {4 * weights / saved:,.0f} images")

# %% [markdown]
# Bits back has the shortest file, and a table of counts that uses no latents comes close. With the networks in the parcel nobody would send 297 tiny images this way. Nor is it quick: milliseconds for an image, where gzip needs about a microsecond. (The number of images above supposes that both rates stay as they are.) What it has is a *law*: its length is minus the ELBO, so that a pair of model and $q$ with a better ELBO is, at once, a better coder. A better model alone need not be, as section 8 shows.
#
# ## 7. Two layers
#
# Let the prior itself have a latent: $p(z_2)\,p(z_1 \mid z_2)\,p(x \mid z_1)$, with $q(z_1 \mid x)\,q(z_2 \mid z_1)$ (unit 13, section 10). Nothing is new in principle: pop both latents, push all three. But both have to be popped *before* anything is pushed, so that the first image must find bits for all layers at once.
#
# There is another order. Once $z_1$ is known, $x$ can be pushed, and its bits are then there for $z_2$ to be popped from. This is **bit-swap** (Kingma, Abbeel and Ho, 2019).
#
# ### Aside: two orders, measured
#
# Here eight latents have four on top, at 1,024 bins each. The heights are means over images that are sent alone, and over five seeds.

# %%
swap = stored_table("swap", 19)["2000"]
names = {"plain": ("pop $z_1$", "pop $z_2$", "push $x$", "push $z_1$", "push $z_2$"),
         "swap": ("pop $z_1$", "push $x$", "pop $z_2$", "push $z_1$", "push $z_2$")}
levels = {order: torch.tensor(swap[order]["heights"], dtype=torch.float64) for order in names}   # (seeds, operations)
show(figures.two_orders({order: (names[order], levels[order].mean(0)) for order in names}),
     alt="The height of a stack after each of five operations, in two panels. In the plain order two pops lead down, one after the other, before three pushes lead up. "
         "With the swap the push of x stands between the pops, and the lowest point is not as low. Both end at the same height.")
lowest = {order: -levels[order].min(1).values for order in names}
claim("bit-swap needs fewer bits to begin with", lowest["swap"] - lowest["plain"], -1)
claim("the net length is no other: no difference seen", levels["swap"][:, -1] - levels["plain"][:, -1], 0);

# %% [markdown]
# The saving is what $x$ costs given $z_1$, or what $z_2$ takes, whichever is less. With eight-by-eight images and two layers that is little. With large images and many layers the plain order would have to be lent the latents of all layers, where bit-swap is lent hardly more than those of the first, as long as each push pays for the next pop. One thing more: $z_2$ is popped from what $x$ has just left, and those bits are fair only so far as $p(x \mid z_1)$ is right. Dirty bits, once more; here no difference was seen.
#
# ## 8. What a better bound is worth
#
# Now that nats are bytes, the units before can be weighed. Here are pairs of a model and a $q$, with hidden layers of one size and the same batches, five seeds, 2,000 steps each at a rate that falls to zero (so the last steps change little, which does not mean that more steps would bring no more):
#
# - **ELBO**: eight latents, $q$ a product of normals, trained by the ELBO. This is the coder of section 6.
# - **IWAE**: the same, trained by the bound of ten samples.
# - **IWAE, q refitted**: that model as it is; its encoder goes on alone for 2,000 steps, on the ELBO.
# - **dense q**: eight latents, and a $q$ with any covariance (unit 08), trained by the ELBO together with its model.
# - **two layers**: the four latents on top of section 7.
#
# > **Predict 7.** The bound of ten samples is tighter, and trains the better model of digits (unit 13, section 6). Used for bits back as it stands, does the second pair need fewer bytes than the first?

# %%
predict("19_7", choices=["fewer", "no difference seen", "more"])

# %%
ways = {way: {key: torch.tensor(value, dtype=torch.float64) for key, value in row.items()} for way, row in trial["2000"].items()}
to_bytes = len(test) * BITS / 8                            # from nats an image to bytes for all
size = {way: {K: -to_bytes * row[key] for K, key in ((1, "elbo"), (10, "of ten"), (100, "of a hundred"))} for way, row in ways.items()}
print("bytes for all new images, by the bound of K samples, mean ± standard error over seeds")
for way, row in size.items():
    print(f"{way:18s}" + "   ".join(f"K = {K}: {values.mean():6.1f} ± {values.std() / 5**0.5:.1f}" for K, values in row.items()))

# %% [markdown]
# Is it fair to speak of bytes when only the ELBO was computed? The coder for each pair was run, on 60 images (on all 297 for the plain one), every one decoded again. Here is the z-score of net bits against their ELBO, for each seed.

# %%
for way, row in ways.items():
    t = (row["net"] + row["elbo of these"] * BITS) / (row["error"] * BITS)
    print(f"{way:18s} t = " + "  ".join(f"{value:+.1f}" for value in t))
    assert t.abs().max() < 4.5
differences = {way: row[1] - size["ELBO"][1] for way, row in size.items() if way != "ELBO"}

# %%
show(figures.worth(differences),
     alt="Differences in bytes against the pair trained by the ELBO, five seeds each. The pair of the IWAE lies near +65, with its q refitted near +35; dense q lies "
         "at zero, two layers a little below it.")

# %%
claim("as it stands, the IWAE's pair takes more bytes", differences["IWAE"], +1)
claim("an encoder refitted wins some of them back", differences["IWAE, q refitted"] - differences["IWAE"], -1)
claim("but not all", differences["IWAE, q refitted"], +1)
claim("if its bound of ten were attained, it would take fewer than the ELBO's at ten", size["IWAE"][10] - size["ELBO"][10], -1)
claim("a dense q and a product: no difference seen", differences["dense q"], 0)
claim("two layers and one: no difference seen", differences["two layers"], 0);

# %%
# Run this cell to compare it with your prediction.
reveal("19_7", "more")

# %% [markdown]
# <details><summary>Answer to Predict 7</summary>
#
# More, by some 65 bytes. A coder that pops one $z$ attains the ELBO of its own pair, whatever was climbed in training; the IWAE climbed something else. Is it the encoder? Going on alone, on the ELBO, it wins about half of the excess back. The other half stayed, with this $q$ and these 2,000 steps more.
#
# And yet the tighter bound found the better model, as far as the bounds of ten and of a hundred samples can tell. Its bytes are there for a coder that *attains* the bound of K: one that pops K latents and a choice among them, and gets nearly all of those bits back (Ruan and his co-authors, 2021). At K = 10 the IWAE's pair would take about 40 bytes less than our coder takes, 4 per cent. Most of this, some 33 bytes, such a coder would save with the first pair, too; what the IWAE's training adds is 9. The price is ten runs of the decoder network for each image, and the initial bits of ten draws of $z$ in place of one.
#
# </details>
#
# **Two layers** take 5 bytes less on average, with a standard error of about 2: a hint, and by our rule no difference seen. Perhaps the upper layer has little to say about pictures of 64 pixels; that is a guess. All of what it may save was in the forecast: no file had to be written to find out. A **dense q** takes as many bytes as a product, as far as five seeds can tell, though much was to be won. For a model as it is a richer $q$ could win at most the gap that the present one leaves, and the first row has a lower bound of it, on average: the distance from K = 1 to K = 100, some 40 bytes. Why training with a dense $q$ wins none of them we did not test. The same bookkeeping is open to you for any other model or family of this course.
#
# ## Common mistakes
#
# | mistake | what you see | what shows it |
# |---|---|---|
# | symbols popped in the order in which they were pushed | garbage, or the right symbols reversed | a round trip of three different symbols |
# | $z$ pushed back with $p(z)$ in the decoder, where it was popped with $q$ | $x$ is right; everything below it is lost | compare the *stack*, not only the message |
# | a density where a mass belongs | "lengths" that fall without end as bins get finer | masses add up to one |
# | nats reported as bits | files 1.44 times as long as forecast | one coin toss costs one bit |
# | initial bits counted for every image | a coder that looks worse the more latents it has | the length of a chain of N, less that of N - 1 |
# | $z$ computed (a mean, a mode) and not popped | nothing comes back; some 70 bits more an image | the net length against the ELBO |
# | encoder run on batches when coding, one by one when decoding | works for a thousand images, then garbage | last digits differ: run both the same way |
# | initial bits left out of the count, since both sides know their seed | a first image that is too cheap by 70 bits | the file of one image: what was popped lies in the message, as $z$ |
# | an importance-weighted bound read as a file size | files longer than forecast | K = 1: a coder of one $z$ attains the ELBO |
# | rivals without the training data, networks not counted | a great success | say what each receiver needs |
#
# ## Side by side
#
# | in mathematics | in `course_vi` | elsewhere |
# |---|---|---|
# | a stack of bits | `AnsStack`, `Stack` | `constriction.stream.stack.AnsCoder` |
# | push, pop of a symbol | `stack.push(symbols, code)`, `stack.pop(code)` | `encode_reverse`, `decode` |
# | fair coin flips | `Stack.random(words, seed)` | `np.random.Generator.integers(0, 2**32)` as words |
# | $p(x \mid z)$ for bits, for symbols | `BernoulliCode(probs)`, `CategoricalCode(probs)` | `constriction.stream.model.Bernoulli`, `.Categorical` |
# | $q(z \mid x)$ on bins of equal mass under $N(0, 1)$ | `DiscretizedNormalCode(loc, scale, bins)` | `scipy.special.ndtr`, `ndtri` |
# | bits back, a chain of images | `BitsBack(p, q).encode(x)`, `.decode(data)` | `craystack` |
# | its net length | `BitsBack.net_bits(data)` | `Trace_ELBO().loss(model, guide, x)` in Pyro, in nats, on average (it is minus the ELBO) |
#
# ## What to remember
#
# 1. A model is a code and a code is a model: $\ell = -\log_2 p$. A wrong model costs its KL.
# 2. A stack of bits is a number; a push multiplies it by $1/p$. What comes last comes off first.
# 3. Popping from fair flips draws a sample, and pushing the sample gives the flips back.
# 4. Bits back: pop $z$ from $q(z \mid x)$, push $x$, push $z$. The net length is minus the ELBO of the model on its bins, on average, over fair flips.
# 5. Fine bins cost initial bits, once. Coarse bins cost net bits, or change the model.
# 6. The file's length can be forecast from the ELBO, and was, to one per cent.
# 7. What counts for a coder that pops one $z$ is the ELBO of its own encoder. A tighter bound is worth its bytes only to a coder that attains it.
# 8. Say what each coder was told, what a file costs, and what the receiver must already have.
#
# **Next**: [the problem set](../notebooks/19_bits_back/19_bits_back.ipynb), where you write the coder; [the capstone](capstone.ipynb), where there is no exact answer; and [unit 15](15_vae_variants.ipynb), section 4, for what happens when some of the pixels may come out wrong.
#
# ## Further reading
#
# - T. M. Cover, J. A. Thomas. *Elements of information theory.* 2nd edition, Wiley, 2006. Codes and entropy.
# - D. J. C. MacKay. *Information theory, inference, and learning algorithms.* Cambridge University Press, 2003. Chapters 4 to 6.
# - G. E. Hinton, D. van Camp. *Keeping the neural networks simple by minimizing the description length of the weights.* Conference on Computational Learning Theory, 1993. The argument.
# - B. J. Frey, G. E. Hinton. *Efficient stochastic source coding and an application to a Bayesian network source model.* The Computer Journal 40, 157-165, 1997. An early coder.
# - J. Duda. *Asymmetric numeral systems.* 2009. arXiv:0902.0271.
# - J. Townsend, T. Bird, D. Barber. *Practical lossless compression with latent variables using bits back coding.* International Conference on Learning Representations, 2019. arXiv:1901.04866. The coder of this unit.
# - F. H. Kingma, P. Abbeel, J. Ho. *Bit-Swap: recursive bits-back coding for lossless compression with hierarchical latent variables.* International Conference on Machine Learning, 2019. arXiv:1905.06845. Section 7.
# - Y. Ruan, K. Ullrich, D. Severo, J. Townsend, A. Khisti, A. Doucet, A. Makhzani, C. J. Maddison. *Improving lossless compression rates via Monte Carlo bits-back coding.* International Conference on Machine Learning, 2021. arXiv:2102.11086. Coders that attain tighter bounds.
# - R. Bamler. *Understanding entropy coding with asymmetric numeral systems (ANS): a statistician's perspective.* 2022. arXiv:2201.01741. With the library `constriction`.

# %%
tally("19")
