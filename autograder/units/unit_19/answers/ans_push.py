# %% right divmod: The block of heads, the place in it, and a word that moves first.
def push(stack, symbol, counts):
    *words, head = stack
    total, own, before = sum(counts), counts[symbol], sum(counts[:symbol])
    block, place = divmod(head, own)
    if block * total + before + place >= 2**32:
        words.append(head % 2**16)
        block, place = divmod(head // 2**16, own)
    return words + [block * total + before + place]


# %% right bits: Powers of two by shifts, the threshold beforehand.
def push(stack, symbol, counts):
    stack = list(stack)
    head = stack.pop()
    precision = sum(counts).bit_length() - 1
    first = 0
    for other in range(symbol):
        first += counts[other]
    own = counts[symbol]
    if head >= own << (32 - precision):
        stack.append(head & 0xFFFF)
        head >>= 16
    head = ((head // own) << precision) + head % own + first
    stack.append(head)
    return stack


# %% right owners: The list of owners of all slots, and the place of the symbol's own ones, in NumPy.
import numpy as np


def push(stack, symbol, counts):
    owners = np.repeat(np.arange(len(counts)), counts)
    own = np.flatnonzero(owners == symbol)

    def on_top(head):
        return int(head // len(own)) * len(owners) + int(own[head % len(own)])

    words, head = list(stack[:-1]), int(stack[-1])
    if on_top(head) >= 1 << 32:
        words, head = words + [head & 65535], head >> 16
    return np.array(words + [on_top(head)])


# %% wrong first_slot, from right divmod: Only the block is kept, and the symbol's first slot.
# diagnosis: first_slot
#-     return words + [block * total + before + place]
#+     return words + [block * total + before]


# %% wrong no_start, from right bits: The slots of the symbols before it are forgotten.
# diagnosis: slots_before_forgotten
#-     head = ((head // own) << precision) + head % own + first
#+     head = ((head // own) << precision) + head % own


# %% wrong only_length, from right divmod: Division by the probability.
# diagnosis: probability_only
#-     return words + [block * total + before + place]
#+     if len(words) > len(stack) - 1:
#+         head = head // 2**16
#+     return words + [head * total // own]


# %% wrong pop_for_push, from right divmod: The pop.
# diagnosis: popped
#-     return words + [block * total + before + place]
#+     head = head // 2**16 if len(words) > len(stack) - 1 else head
#+     return words + [head // total * own + head % total - before]


# %% wrong as_if_uniform, from right bits: One slot for each symbol.
# diagnosis: all_slots_alike
#-     head = ((head // own) << precision) + head % own + first
#+     head = (head << precision) + first


# %% wrong to_the_end, from right divmod: The cumulative sum with the symbol's own slots.
# diagnosis: own_slots_after
#-     total, own, before = sum(counts), counts[symbol], sum(counts[:symbol])
#+     total, own, before = sum(counts), counts[symbol], sum(counts[:symbol + 1])


# %% wrong unbounded, from right divmod: No word ever moves.
# diagnosis: head_too_large
#-     if block * total + before + place >= 2**32:
#+     if False:


# %% wrong early, from right bits: The threshold without the symbol's own slots: a word moves too early.
# diagnosis: moved_early
#-     if head >= own << (32 - precision):
#+     if head >= 1 << (32 - precision):


# %% wrong late, from right bits: The threshold is passed by one.
# diagnosis: head_too_large
#-     if head >= own << (32 - precision):
#+     if head > own << (32 - precision):


# %% wrong high_word, from right divmod: The highest bits move.
# diagnosis: high_bits_moved
#-         words.append(head % 2**16)
#-         block, place = divmod(head // 2**16, own)
#+         words.append(head // 2**16)
#+         block, place = divmod(head % 2**16, own)


# %% wrong at_the_bottom, from right divmod: The word goes below all others.
# diagnosis: word_below or value
#-         words.append(head % 2**16)
#+         words.insert(0, head % 2**16)


# %% wrong thirty_two_bits, from right bits: In whole numbers of 32 bits with a sign.
# diagnosis: described or value
#-     head = ((head // own) << precision) + head % own + first
#+     import numpy as np
#+     head = int(np.array(((head // own) << precision) + head % own + first).astype(np.int32))


# %% wrong head_first, from right divmod: The head stands first.
# diagnosis: generic_rolled_1
#-     return words + [block * total + before + place]
#+     return [block * total + before + place] + words
