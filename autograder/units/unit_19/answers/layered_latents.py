# %% right interleaved: Each variable is pushed as soon as its parent is known.
def layered(prior, down, up):
    def encode(stack, rows):
        for x in reversed(rows.tolist()):
            below = x
            for q, p in zip(up, down):
                above = stack.pop(q[below])
                stack.push(below, p[above])
                below = above
            stack.push(below, prior)

    def decode(stack, count):
        rows = []
        for _ in range(count):
            above = stack.pop(prior)
            for q, p in zip(reversed(up), reversed(down)):
                below = stack.pop(p[above])
                stack.push(above, q[below])
                above = below
            rows.append(above)
        return rows

    return encode, decode


# %% right recursive: The latent above codes the latent below; in NumPy.
import numpy as np


def layered(prior, down, up):
    prior, down, up = prior.numpy(), [p.numpy() for p in down], [q.numpy() for q in up]

    def put(stack, value, layer):
        if layer == len(down):
            return stack.push(value, prior)
        parent = stack.pop(up[layer][value])
        stack.push(value, down[layer][parent])
        put(stack, parent, layer + 1)

    def take(stack, layer):
        if layer == len(down):
            return stack.pop(prior)
        parent = take(stack, layer + 1)
        value = stack.pop(down[layer][parent])
        stack.push(parent, up[layer][value])
        return value

    def encode(stack, rows):
        for x in rows.numpy()[::-1]:
            put(stack, int(x), 0)

    def decode(stack, count):
        return np.array([take(stack, 0) for _ in range(count)])

    return encode, decode


# %% right program: A list of steps, run forwards by the one and backwards by the other.
import torch


def layered(prior, down, up):
    steps = []
    for layer in range(len(up)):
        steps.append((-1, layer + 1, layer, up[layer]))
        steps.append((+1, layer, layer + 1, down[layer]))
    steps.append((+1, len(up), None, prior))

    def run(stack, program, values):
        for way, variable, given, table in program:
            probs = table if given is None else table[values[given]]
            if way > 0:
                stack.push(values[variable], probs)
            else:
                values[variable] = stack.pop(probs)
        return values

    def encode(stack, rows):
        for x in rows.flip(0):
            run(stack, steps, {0: int(x)})

    def decode(stack, count):
        turned = [(-way, *rest) for way, *rest in reversed(steps)]
        return torch.tensor([run(stack, turned, {})[0] for _ in range(count)])

    return encode, decode


# %% wrong all_popped, from right program: All latents come off before anything goes on.
# diagnosis: all_popped_first
#-         steps.append((-1, layer + 1, layer, up[layer]))
#-         steps.append((+1, layer, layer + 1, down[layer]))
#-     steps.append((+1, len(up), None, prior))
#+         steps.append((-1, layer + 1, layer, up[layer]))
#+     for layer in range(len(up)):
#+         steps.append((+1, layer, layer + 1, down[layer]))
#+     steps.append((+1, len(up), None, prior))


# %% wrong likeliest, from right interleaved: Latents are the likeliest, and nothing is popped.
# diagnosis: likeliest_latent
#-                 above = stack.pop(q[below])
#+                 above = int(q[below].argmax())
#@@
#-                 stack.push(above, q[below])


# %% wrong in_order, from right interleaved: The first row goes first.
# diagnosis: order_of_rows
#-         for x in reversed(rows.tolist()):
#+         for x in rows.tolist():


# %% wrong in_order_both, from right interleaved: The first row goes first, and the decoder turns them round.
# diagnosis: order_of_rows
#-         for x in reversed(rows.tolist()):
#+         for x in rows.tolist():
#@@
#-         return rows
#+         return rows[::-1]


# %% wrong top_forgotten, from right interleaved: The top latent is not pushed.
# diagnosis: described or value
#-             stack.push(below, prior)


# %% wrong decoder_in_order, from right interleaved: The decoder walks through the layers from below.
# diagnosis: raises_IndexError or not_lossless
#-             for q, p in zip(reversed(up), reversed(down)):
#+             for q, p in zip(up, down):


# %% wrong no_bits_back, from right interleaved: The decoder gives no bits back.
# diagnosis: not_lossless
#-                 stack.push(above, q[below])


# %% wrong top_popped_from_prior, from right interleaved: The top latent is popped with its prior.
# diagnosis: popped_from_prior
#-                 above = stack.pop(q[below])
#+                 above = stack.pop(prior if q is up[-1] else q[below])
#@@
#-                 stack.push(above, q[below])
#+                 stack.push(above, prior if q is up[-1] else q[below])
