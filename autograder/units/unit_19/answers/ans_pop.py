# %% right scan: Slot by slot down to the symbol.
def draw(stack, counts, number):
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
    return symbols, words + [head]


# %% right bisected: Cumulative sums and a binary search; shifts.
import bisect
import itertools

import torch


def draw(stack, counts, number):
    ends = list(itertools.accumulate(counts))
    precision = ends[-1].bit_length() - 1
    stack, symbols = list(stack), []
    for _ in range(number):
        head = stack.pop()
        slot = head & ((1 << precision) - 1)
        symbol = bisect.bisect_right(ends, slot)
        head = (head >> precision) * counts[symbol] + slot - (ends[symbol] - counts[symbol])
        while stack and head < 65536:
            head = (head << 16) | stack.pop()
        stack.append(head)
        symbols.append(symbol)
    return torch.tensor(symbols), torch.tensor(stack)


# %% right recursive: One symbol, and then the others; the owners of all slots in a list.
def draw(stack, counts, number):
    owners = [symbol for symbol, own in enumerate(counts) for _ in range(own)]
    first = {symbol: owners.index(symbol) for symbol in set(owners)}
    symbols, rest = [], tuple(stack)
    while len(symbols) < number:
        head, slot = rest[-1], rest[-1] % len(owners)
        symbol = owners[slot]
        head = (head - slot) // len(owners) * counts[symbol] + slot - first[symbol]
        rest = rest[:-1] + (head,)
        if head < 2**16 and len(rest) > 1:
            rest = rest[:-2] + (head * 2**16 + rest[-2],)
        symbols.append(symbol)
    return symbols, rest


# %% wrong drop_slot, from right scan: The slot is thrown away with the symbol.
# diagnosis: slots_dropped
#-         head = block * counts[symbol] + slot
#+         head = block


# %% wrong only_blocks, from right scan: The place among the symbol's own slots is lost.
# diagnosis: rank_by_blocks
#-         head = block * counts[symbol] + slot
#+         head = block * counts[symbol]


# %% wrong slot_not_rank, from right bisected: The slot itself, not its place among the symbol's own.
# diagnosis: slots_before_kept
#-         head = (head >> precision) * counts[symbol] + slot - (ends[symbol] - counts[symbol])
#+         head = (head >> precision) * counts[symbol] + slot


# %% wrong push_for_pop, from right scan: The push.
# diagnosis: pushed
#-         head = block * counts[symbol] + slot
#+         head = head // counts[symbol] * total + head % counts[symbol] + sum(counts[:symbol])


# %% wrong edge, from right bisected: A slot at the edge goes to the symbol below.
# diagnosis: edge_of_slots or value
#-         symbol = bisect.bisect_right(ends, slot)
#+         symbol = bisect.bisect_left(ends, slot)


# %% wrong no_refill, from right scan: No word comes back.
# diagnosis: head_too_small or described
#-         if head < 2**16 and words:
#+         if False:


# %% wrong refill_first, from right scan: The word comes back before the symbol is off.
# diagnosis: head_too_small or described
#-         head = block * counts[symbol] + slot
#-         if head < 2**16 and words:
#-             head = head * 2**16 + words.pop()
#-         symbols.append(symbol)
#+         head = block * counts[symbol] + slot
#+         symbols.append(symbol)
#+         if head < 2**15 and words:
#+             head = head * 2**16 + words.pop()


# %% wrong from_the_bottom, from right scan: The first word comes back first.
# diagnosis: described or value
#-             head = head * 2**16 + words.pop()
#+             head = head * 2**16 + words.pop(0)


# %% wrong backwards, from right scan: As if a message were read: the last symbol first.
# diagnosis: reversed
#-     return symbols, words + [head]
#+     return symbols[::-1], words + [head]


# %% wrong likeliest, from right scan: The likeliest symbol each time.
# diagnosis: described or value
#-         symbols.append(symbol)
#+         symbols.append(max(range(len(counts)), key=counts.__getitem__))


# %% wrong own_noise, from right scan: Drawn from a generator of its own; the stack is left alone.
# diagnosis: generic_own_noise or described or value
#-         symbol = 0
#-         while slot >= counts[symbol]:
#-             slot -= counts[symbol]
#-             symbol += 1
#+         import random
#+         symbol = random.choices(range(len(counts)), counts)[0]
#+         slot = 0


# %% wrong empty_stack_fails, from right scan: A word is fetched even where there is none.
# diagnosis: raises_IndexError
#-         if head < 2**16 and words:
#+         if head < 2**16:
