import torch
from torch import Tensor

# %% right a_coder_of_the_layer_above: closures nested by functools.reduce: each layer tells its symbol by the coder of the layer above
def layered(prior: Tensor, down: list[Tensor], up: list[Tensor]) -> tuple:
    from functools import reduce

    def top_tells(stack, symbol: int) -> None:
        stack.push(symbol, prior)

    def top_learns(stack) -> int:
        return int(stack.pop(prior))

    def under(above, tables):
        (tell_above, learn_above), (cause, guess) = above, tables

        def tell(stack, symbol: int) -> None:
            latent = int(stack.pop(guess[symbol]))
            stack.push(symbol, cause[latent])
            tell_above(stack, latent)

        def learn(stack) -> int:
            latent = learn_above(stack)
            symbol = int(stack.pop(cause[latent]))
            stack.push(latent, guess[symbol])
            return symbol

        return tell, learn

    tell, learn = reduce(under, reversed(list(zip(down, up, strict=True))), (top_tells, top_learns))

    def encode(stack, rows) -> None:
        for row in reversed([int(row) for row in rows]):
            tell(stack, row)

    def decode(stack, count: int) -> list[int]:
        return [learn(stack) for _ in range(int(count))]

    return encode, decode

# %% wrong one_ahead: pops the latent of the next layer before it pushes the symbol of this one, so the stack goes lower than it must
def layered(prior: Tensor, down: list[Tensor], up: list[Tensor]) -> tuple:
    L = len(down)

    def encode(stack, rows):
        for x in rows.tolist()[::-1]:
            symbol, latent = x, stack.pop(up[0][x])
            for layer in range(L):
                above = stack.pop(up[layer + 1][latent]) if layer + 1 < L else None
                stack.push(symbol, down[layer][latent])
                symbol, latent = latent, above
            stack.push(symbol, prior)

    def decode(stack, count):
        rows = []
        for _ in range(count):
            latent, above = stack.pop(prior), None
            for layer in reversed(range(L)):
                symbol = stack.pop(down[layer][latent])
                if above is not None:
                    stack.push(above, up[layer + 1][latent])
                latent, above = symbol, latent
            stack.push(above, up[0][latent])
            rows.append(latent)
        return torch.tensor(rows, dtype=torch.long)

    return encode, decode

# %% wrong layer_by_layer: codes all rows of a layer before it goes to the next layer, so that rows are not told one after another
def layered(prior: Tensor, down: list[Tensor], up: list[Tensor]) -> tuple:
    L = len(down)

    def encode(stack, rows):
        symbols = rows.tolist()
        for layer in range(L):
            latents = [None] * len(symbols)
            for n in reversed(range(len(symbols))):
                latents[n] = stack.pop(up[layer][symbols[n]])
                stack.push(symbols[n], down[layer][latents[n]])
            symbols = latents
        for symbol in reversed(symbols):
            stack.push(symbol, prior)

    def decode(stack, count):
        symbols = [stack.pop(prior) for _ in range(count)]
        for layer in reversed(range(L)):
            below = []
            for latent in symbols:
                below.append(stack.pop(down[layer][latent]))
                stack.push(latent, up[layer][below[-1]])
            symbols = below
        return torch.tensor(symbols, dtype=torch.long)

    return encode, decode

# %% wrong only_the_first_pays_back: lets the stack choose the first latent and takes the likeliest for those above it, whose bits do not come back
def layered(prior: Tensor, down: list[Tensor], up: list[Tensor]) -> tuple:
    L = len(down)

    def encode(stack, rows):
        for x in rows.tolist()[::-1]:
            symbol = x
            for layer in range(L):
                latent = stack.pop(up[layer][symbol]) if layer == 0 else int(up[layer][symbol].argmax())
                stack.push(symbol, down[layer][latent])
                symbol = latent
            stack.push(symbol, prior)

    def decode(stack, count):
        rows = []
        for _ in range(count):
            latent = stack.pop(prior)
            for layer in reversed(range(L)):
                symbol = stack.pop(down[layer][latent])
                if layer == 0:
                    stack.push(latent, up[0][symbol])
                latent = symbol
            rows.append(latent)
        return torch.tensor(rows, dtype=torch.long)

    return encode, decode

# %% wrong reversed_at_the_end: puts the rows on in their order and turns round what comes off, so that a few rows are the last ones, not the first
def layered(prior: Tensor, down: list[Tensor], up: list[Tensor]) -> tuple:
    L = len(down)

    def encode(stack, rows):
        for x in rows.tolist():
            symbol = x
            for layer in range(L):
                latent = stack.pop(up[layer][symbol])
                stack.push(symbol, down[layer][latent])
                symbol = latent
            stack.push(symbol, prior)

    def decode(stack, count):
        rows = []
        for _ in range(count):
            latent = stack.pop(prior)
            for layer in reversed(range(L)):
                symbol = stack.pop(down[layer][latent])
                stack.push(latent, up[layer][symbol])
                latent = symbol
            rows.append(latent)
        return torch.tensor(rows[::-1], dtype=torch.long)

    return encode, decode
