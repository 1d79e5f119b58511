import itertools

import numpy as np
import torch


# %% right upwards_and_downwards: one latent at a time, what is below it is pushed as soon as it is known; decode comes down from the top
def layered(prior, down, up):
    above = [*down, prior[None]]  # what codes level n, given level n + 1

    def encode(stack, rows):
        for x in torch.as_tensor(rows).flip(0).tolist():
            below = x
            for n in range(len(up)):
                z = stack.pop(up[n][below])
                stack.push(below, above[n][z])
                below = z
            stack.push(below, prior)

    def decode(stack, count):
        found = []
        for _ in range(count):
            z = stack.pop(prior)
            for n in reversed(range(len(up))):
                below = stack.pop(above[n][z])
                stack.push(z, up[n][below])
                z = below
            found.append(z)
        return torch.tensor(found, dtype=torch.long)

    return encode, decode


# %% right written_as_a_list_of_steps: the steps are written down once, as (verb, variable, table, given), and decode plays the list backwards with the verbs exchanged
def layered(prior, down, up):
    depth = len(down)
    steps = []
    for n in range(depth):
        steps.append(("pop", n + 1, up[n], n))
        steps.append(("push", n, down[n], n + 1))
    steps.append(("push", depth, prior, None))

    def play(stack, steps, state):
        for verb, variable, given_table, given in steps:
            probs = given_table if given is None else given_table[state[given]]
            if verb == "pop":
                state[variable] = int(stack.pop(probs))
            else:
                stack.push(state[variable], probs)
        return state

    swapped = [({"pop": "push", "push": "pop"}[verb], *rest) for verb, *rest in reversed(steps)]

    def encode(stack, rows):
        for x in reversed([int(x) for x in rows]):
            play(stack, steps, {0: x})

    def decode(stack, count):
        return [play(stack, swapped, {})[0] for _ in range(count)]

    return encode, decode


# %% wrong all_latents_first: pops z_1 to z_L, then pushes x and z_1 to z_L; net bits and rows are right, but from two layers on the stack goes lower than it must
def layered(prior, down, up):
    def encode(stack, rows):
        for x in reversed([int(x) for x in rows]):
            path = [x]
            for table in up:
                path.append(stack.pop(table[path[-1]]))
            for n, table in enumerate(down):
                stack.push(path[n], table[path[n + 1]])
            stack.push(path[-1], prior)

    def decode(stack, count):
        found = []
        for _ in range(count):
            path = [stack.pop(prior)]
            for table in reversed(down):
                path.append(stack.pop(table[path[-1]]))
            path.reverse()
            for n in reversed(range(len(up))):
                stack.push(path[n + 1], up[n][path[n]])
            found.append(path[0])
        return found

    return encode, decode


# %% wrong one_layer_ahead: holds two latents at a time: z_{n+2} is popped before z_n is pushed; comes back and pays right, but goes lower than it must from two layers on
def layered(prior, down, up):
    depth = len(up)

    def encode(stack, rows):
        for x in reversed([int(x) for x in rows]):
            path = [x, stack.pop(up[0][x])]
            for n in range(depth):
                if n + 1 < depth:
                    path.append(stack.pop(up[n + 1][path[n + 1]]))
                stack.push(path[n], down[n][path[n + 1]])
            stack.push(path[depth], prior)

    def decode(stack, count):
        found = []
        for _ in range(count):
            path = {depth: stack.pop(prior)}
            for n in reversed(range(depth)):
                path[n] = stack.pop(down[n][path[n + 1]])
                if n + 1 < depth:
                    stack.push(path[n + 2], up[n + 1][path[n + 1]])
            stack.push(path[1], up[0][path[0]])
            found.append(path[0])
        return found

    return encode, decode


# %% wrong layer_by_layer_for_all_rows: first z_1 is popped and x pushed for every row, then z_2 popped and z_1 pushed for every row, and so on: the net bits of a row are right, and one row is right; for several the stack goes lower than it must
def layered(prior, down, up):
    def encode(stack, rows):
        below = [int(x) for x in rows]
        for n in range(len(up)):
            above = []
            for b in below:
                above.append(stack.pop(up[n][b]))
                stack.push(b, down[n][above[-1]])
            below = above
        for b in below:
            stack.push(b, prior)

    def decode(stack, count):
        above = [stack.pop(prior) for _ in range(count)][::-1]
        for n in reversed(range(len(up))):
            below = []
            for z in reversed(above):
                b = stack.pop(down[n][z])
                stack.push(z, up[n][b])
                below.insert(0, b)
            above = below
        return above

    return encode, decode


# %% wrong upper_layers_summed_out: computes the prior of z_1 from the tables above and runs exercise 3 on it: lossless and not low, but the bits are not minus the ELBO of the chain (right for one layer)
def layered(prior, down, up):
    top = prior
    for table in reversed(down[1:]):
        top = top @ table

    def encode(stack, rows):
        for x in reversed([int(x) for x in rows]):
            z = stack.pop(up[0][x])
            stack.push(x, down[0][z])
            stack.push(z, top)

    def decode(stack, count):
        found = []
        for _ in range(count):
            z = stack.pop(top)
            found.append(stack.pop(down[0][z]))
            stack.push(z, up[0][found[-1]])
        return found

    return encode, decode


# %% wrong top_by_bayes: the last table of up is replaced by the true p(z_L | z_{L-1}) that follows from prior and down: fewer bits than minus the ELBO of the q that was given
def layered(prior, down, up):
    joint = prior[:, None] * down[-1]
    true = (joint / joint.sum(0).clamp_min(1e-300)).T
    ways = [*up[:-1], true]

    def encode(stack, rows):
        for x in reversed([int(x) for x in rows]):
            below = x
            for way, table in zip(ways, down, strict=True):
                z = stack.pop(way[below])
                stack.push(below, table[z])
                below = z
            stack.push(below, prior)

    def decode(stack, count):
        found = []
        for _ in range(count):
            z = stack.pop(prior)
            for way, table in zip(reversed(ways), reversed(down), strict=True):
                below = stack.pop(table[z])
                stack.push(z, way[below])
                z = below
            found.append(z)
        return found

    return encode, decode


# %% wrong highest_latent_by_its_mode: with more than one layer the top latent is not popped but taken at its likeliest state; lossless and restored, but its bits do not come back
def layered(prior, down, up):
    depth = len(up)

    def encode(stack, rows):
        for x in reversed([int(x) for x in rows]):
            below = x
            for n in range(depth):
                last = n == depth - 1 and depth > 1
                z = int(up[n][below].argmax()) if last else stack.pop(up[n][below])
                stack.push(below, down[n][z])
                below = z
            stack.push(below, prior)

    def decode(stack, count):
        found = []
        for _ in range(count):
            z = stack.pop(prior)
            for n in reversed(range(depth)):
                below = stack.pop(down[n][z])
                if not (n == depth - 1 and depth > 1):
                    stack.push(z, up[n][below])
                z = below
            found.append(z)
        return found

    return encode, decode


# %% wrong plain_decoder_for_a_swapped_stack: encode swaps, decode first pops everything and then pays the latents back; right for one layer only
def layered(prior, down, up):
    def encode(stack, rows):
        for x in reversed([int(x) for x in rows]):
            below = x
            for way, table in zip(up, down, strict=True):
                z = stack.pop(way[below])
                stack.push(below, table[z])
                below = z
            stack.push(below, prior)

    def decode(stack, count):
        found = []
        for _ in range(count):
            path = [stack.pop(prior)]
            for table in reversed(down):
                path.append(stack.pop(table[path[-1]]))
            for n, way in enumerate(reversed(up)):
                stack.push(path[n], way[path[n + 1]])
            found.append(path[-1])
        return found

    return encode, decode


# %% wrong prior_appended_to_down: right steps, but the prior is put at the end of the list down that was given, which is not left as it was found (and a second call has one table too many)
def layered(prior, down, up):
    down.append(prior.reshape(1, -1))

    def encode(stack, rows):
        for x in reversed([int(x) for x in rows]):
            below = x
            for way, table in zip(up, down):
                z = stack.pop(way[below])
                stack.push(below, table[z])
                below = z
            stack.push(below, prior)

    def decode(stack, count):
        found = []
        for _ in range(count):
            z = stack.pop(prior)
            for n in reversed(range(len(up))):
                below = stack.pop(down[n][z])
                stack.push(z, up[n][below])
                z = below
            found.append(z)
        return found

    return encode, decode


# %% wrong two_layers_at_most: written for L = 1 and L = 2; what lies above z_2 is left out, and z_2 is pushed with its own distribution from the tables; right for one and two layers
def layered(prior, down, up):
    top = prior
    for table in reversed(down[2:]):
        top = top @ table
    ways, tables = up[:2], down[:2]

    def encode(stack, rows):
        for x in reversed([int(x) for x in rows]):
            below = x
            for way, table in zip(ways, tables, strict=True):
                z = stack.pop(way[below])
                stack.push(below, table[z])
                below = z
            stack.push(below, top)

    def decode(stack, count):
        found = []
        for _ in range(count):
            z = stack.pop(top)
            for way, table in zip(reversed(ways), reversed(tables), strict=True):
                below = stack.pop(table[z])
                stack.push(z, way[below])
                z = below
            found.append(z)
        return found

    return encode, decode


# %% wrong padded_first: puts 48 bits of padding on the stack before each message, so that its level hardly ever falls below where it began; they are taken off again by decode, but each message pays for them
def layered(prior, down, up):
    half = [0.5, 0.5]

    def encode(stack, rows):
        for _ in range(48):
            stack.push(0, half)
        for x in reversed([int(x) for x in rows]):
            below = x
            for way, table in zip(up, down, strict=True):
                z = stack.pop(way[below])
                stack.push(below, table[z])
                below = z
            stack.push(below, prior)

    def decode(stack, count):
        found = []
        for _ in range(count):
            z = stack.pop(prior)
            for way, table in zip(reversed(up), reversed(down), strict=True):
                below = stack.pop(table[z])
                stack.push(z, way[below])
                z = below
            found.append(z)
        for _ in range(48):
            stack.pop(half)
        return found

    return encode, decode


# %% wrong top_latent_shared: pushes the top latent of a message once, with the prior, and uses it for all rows: it is popped for the first row only; right for one row
def layered(prior, down, up):
    depth = len(up)

    def encode(stack, rows):
        rows, top = [int(x) for x in rows], None
        for x in reversed(rows):
            below = x
            for n in range(depth):
                if n == depth - 1 and top is not None:
                    stack.push(below, down[n][top])
                    break
                z = stack.pop(up[n][below])
                stack.push(below, down[n][z])
                below = z
            if top is None:
                top = below
        if rows:
            stack.push(top, prior)

    def decode(stack, count):
        found, top = [], stack.pop(prior) if count else None
        for row in range(count):
            z = top
            for n in reversed(range(depth)):
                below = stack.pop(down[n][z])
                if n < depth - 1 or row == count - 1:
                    stack.push(z, up[n][below])
                z = below
            found.append(z)
        return found

    return encode, decode


# %% wrong every_other_latent: with three layers or more the swap is done in pairs, two pops and two pushes at a time: right for one layer and in net bits, but it goes lower than it must
def layered(prior, down, up):
    depth = len(up)
    steps = []
    for n in range(0, depth, 2):
        pair = range(n, min(n + 2, depth))
        steps += [("pop", m) for m in pair] + [("push", m) for m in pair]

    def encode(stack, rows):
        for x in reversed([int(x) for x in rows]):
            path = {0: x}
            for verb, m in steps:
                if verb == "pop":
                    path[m + 1] = stack.pop(up[m][path[m]])
                else:
                    stack.push(path[m], down[m][path[m + 1]])
            stack.push(path[depth], prior)

    def decode(stack, count):
        found = []
        for _ in range(count):
            path = {depth: stack.pop(prior)}
            for verb, m in reversed(steps):
                if verb == "push":
                    path[m] = stack.pop(down[m][path[m + 1]])
                else:
                    stack.push(path[m + 1], up[m][path[m]])
            found.append(path[0])
        return found

    return encode, decode
