import itertools

import numpy as np
import torch


# %% right chain_of_pairs: as the statement has it, last row first; decode gives a tensor
def bits_back(prior, likelihood, posterior):
    def encode(stack, rows):
        for x in torch.as_tensor(rows).flip(0).tolist():
            z = stack.pop(posterior[x])
            stack.push(x, likelihood[z])
            stack.push(z, prior)

    def decode(stack, count):
        found = torch.zeros(count, dtype=torch.long)
        for n in range(count):
            z = stack.pop(prior)
            found[n] = stack.pop(likelihood[z])
            stack.push(z, posterior[found[n]])
        return found

    return encode, decode


# %% wrong knows_better: computes the true posterior from the tables and pops z from that, in place of the given q; fewer bits than minus the ELBO of the q that was given, unless that is the posterior
def bits_back(prior, likelihood, posterior):
    joint = prior[:, None] * likelihood
    true = (joint / joint.sum(0).clamp_min(1e-300)).T

    def encode(stack, rows):
        for x in reversed(rows):
            z = stack.pop(true[x])
            stack.push(x, likelihood[z])
            stack.push(z, prior)

    def decode(stack, count):
        found = []
        for _ in range(count):
            z = stack.pop(prior)
            found.append(stack.pop(likelihood[z]))
            stack.push(z, true[found[-1]])
        return found

    return encode, decode


# %% wrong sums_the_latent_out: codes x with p(x) itself, without a latent: shorter than minus the ELBO, and 'nobody sums z out'
def bits_back(prior, likelihood, posterior):
    evidence = prior @ likelihood

    def encode(stack, rows):
        for x in reversed(rows):
            stack.push(x, evidence)

    def decode(stack, count):
        return [stack.pop(evidence) for _ in range(count)]

    return encode, decode


# %% wrong likeliest_state: z is the mode of q and is not popped; lossless and the stack is restored, but nothing comes back
def bits_back(prior, likelihood, posterior):
    def encode(stack, rows):
        for x in reversed(rows):
            z = int(posterior[x].argmax())
            stack.push(x, likelihood[z])
            stack.push(z, prior)

    def decode(stack, count):
        found = []
        for _ in range(count):
            z = stack.pop(prior)
            found.append(stack.pop(likelihood[z]))
        return found

    return encode, decode


# %% wrong drawn_by_torch: draws z from q with a generator of its own and not from the stack; right on average in what is pushed, but the entropy of q does not come back
def bits_back(prior, likelihood, posterior):
    def encode(stack, rows):
        generator = torch.Generator().manual_seed(0)
        for x in reversed(rows):
            z = int(torch.multinomial(posterior[x], 1, generator=generator))
            stack.push(x, likelihood[z])
            stack.push(z, prior)

    def decode(stack, count):
        found = []
        for _ in range(count):
            z = stack.pop(prior)
            found.append(stack.pop(likelihood[z]))
        return found

    return encode, decode


# %% wrong pops_from_the_prior: the receiver knows the prior and not x, so z is popped from the prior; lossless, but the bits are those of q = prior
def bits_back(prior, likelihood, posterior):
    def encode(stack, rows):
        for x in reversed(rows):
            z = stack.pop(prior)
            stack.push(x, likelihood[z])
            stack.push(z, prior)

    def decode(stack, count):
        found = []
        for _ in range(count):
            z = stack.pop(prior)
            found.append(stack.pop(likelihood[z]))
            stack.push(z, prior)
        return found

    return encode, decode


# %% wrong one_latent_for_the_message: pops z once, from the q of the first row, and codes all rows with it; lossless, and right for messages of one row only
def bits_back(prior, likelihood, posterior):
    def encode(stack, rows):
        if len(rows) == 0:
            return
        z = stack.pop(posterior[rows[0]])
        for x in reversed(rows):
            stack.push(x, likelihood[z])
        stack.push(z, prior)

    def decode(stack, count):
        if count == 0:
            return []
        z = stack.pop(prior)
        found = [stack.pop(likelihood[z]) for _ in range(count)]
        stack.push(z, posterior[found[0]])
        return found

    return encode, decode


# %% wrong pays_back_at_the_end: decode takes all rows off first and pushes their latents after that; right for one row, garbage from the second row on
def bits_back(prior, likelihood, posterior):
    def encode(stack, rows):
        for x in reversed(rows):
            z = stack.pop(posterior[x])
            stack.push(x, likelihood[z])
            stack.push(z, prior)

    def decode(stack, count):
        pairs = []
        for _ in range(count):
            z = stack.pop(prior)
            pairs.append((stack.pop(likelihood[z]), z))
        for x, z in reversed(pairs):
            stack.push(z, posterior[x])
        return [x for x, _ in pairs]

    return encode, decode


# %% wrong paid_back_with_the_prior: decode pushes z back with p(z), where it had been popped with q(z | x): the first row is right, the stack below it is another
def bits_back(prior, likelihood, posterior):
    def encode(stack, rows):
        for x in reversed(rows):
            z = stack.pop(posterior[x])
            stack.push(x, likelihood[z])
            stack.push(z, prior)

    def decode(stack, count):
        found = []
        for _ in range(count):
            z = stack.pop(prior)
            found.append(stack.pop(likelihood[z]))
            stack.push(z, prior)
        return found

    return encode, decode


# %% wrong latents_remembered: encode does not push z but keeps it in a list that decode reads: too few bits, and a decoder from another call has no list
def bits_back(prior, likelihood, posterior):
    kept = []

    def encode(stack, rows):
        for x in reversed(rows):
            z = stack.pop(posterior[x])
            stack.push(x, likelihood[z])
            kept.append(z)

    def decode(stack, count):
        found = []
        for _ in range(count):
            z = kept.pop() if kept else 0
            found.append(stack.pop(likelihood[z]))
            stack.push(z, posterior[found[-1]])
        return found

    return encode, decode


# %% wrong decodes_from_memory: pushes and pops as it should, but the rows that decode returns are those that the last encode was given, not what the stack says; wrong for another stack, another message in between, or another pair
def bits_back(prior, likelihood, posterior):
    sent = []

    def encode(stack, rows):
        sent[:] = [int(x) for x in rows]
        for x in reversed(sent):
            z = stack.pop(posterior[x])
            stack.push(x, likelihood[z])
            stack.push(z, prior)

    def decode(stack, count):
        for x in (sent * count)[:count]:
            z = stack.pop(prior)
            stack.pop(likelihood[z])
            stack.push(z, posterior[x])
        return (sent + [0] * count)[:count]

    return encode, decode


# %% wrong smoothed_tables: a thousandth of the uniform mixed into each table against zeros: lossless, and a little off minus the ELBO of the tables that were given; states and symbols with probability zero can come up
def bits_back(prior, likelihood, posterior):
    prior, likelihood, posterior = (
        0.999 * t + 0.001 / t.shape[-1] for t in (prior, likelihood, posterior)
    )

    def encode(stack, rows):
        for x in reversed(rows):
            z = stack.pop(posterior[x])
            stack.push(x, likelihood[z])
            stack.push(z, prior)

    def decode(stack, count):
        found = []
        for _ in range(count):
            z = stack.pop(prior)
            found.append(stack.pop(likelihood[z]))
            stack.push(z, posterior[found[-1]])
        return found

    return encode, decode


# %% wrong aggregate_posterior: the receiver cannot know x, so z is popped from q averaged over x: lossless, and other bits than minus the ELBO unless q is the same for all x
def bits_back(prior, likelihood, posterior):
    q = posterior.mean(0)

    def encode(stack, rows):
        for x in reversed(rows):
            z = stack.pop(q)
            stack.push(x, likelihood[z])
            stack.push(z, prior)

    def decode(stack, count):
        found = []
        for _ in range(count):
            z = stack.pop(prior)
            found.append(stack.pop(likelihood[z]))
            stack.push(z, q)
        return found

    return encode, decode


# %% wrong rows_in_reverse: encodes the first row first and gives the rows as they come off: right for one row and for palindromes
def bits_back(prior, likelihood, posterior):
    def encode(stack, rows):
        for x in rows:
            z = stack.pop(posterior[x])
            stack.push(x, likelihood[z])
            stack.push(z, prior)

    def decode(stack, count):
        found = []
        for _ in range(count):
            z = stack.pop(prior)
            found.append(stack.pop(likelihood[z]))
            stack.push(z, posterior[found[-1]])
        return found

    return encode, decode
