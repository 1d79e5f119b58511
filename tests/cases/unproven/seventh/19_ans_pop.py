import math
import random
from bisect import bisect_left, bisect_right
from itertools import accumulate

import numpy as np
import torch

WORD, LIMIT = 2**16, 2**32


# %% right table_of_slots: writes down the owner of each slot and its place among the slots of its owner, and looks both up
def draw(stack, counts, number):
    owner = [(symbol, place) for symbol, own in enumerate(counts) for place in range(own)]
    words, head, symbols = list(stack[:-1]), stack[-1], []
    for _ in range(number):
        block, slot = divmod(head, len(owner))
        symbol, place = owner[slot]
        head = block * counts[symbol] + place
        if head < WORD and words:
            head = (head << 16) | words.pop()
        symbols.append(symbol)
    return symbols, words + [head]


# %% right states_as_arrays: the state as an int64 array, the symbol by NumPy's sorted search; gives a list in place of the tuple, and numbers as they come from NumPy
def draw(stack, counts, number):
    ends = np.cumsum(counts)
    state = np.array(stack, dtype=np.int64)
    symbols = np.empty(number, dtype=np.int64)
    for n in range(number):
        block, slot = np.divmod(state[-1], ends[-1])
        symbols[n] = np.searchsorted(ends, slot, side="right")
        own = counts[symbols[n]]
        head = block * own + slot - (ends[symbols[n]] - own)
        rest = state[:-1]
        if head < WORD and len(rest):
            head, rest = head * WORD + rest[-1], rest[:-1]
        state = np.append(rest, head)
    return [symbols.tolist(), state.tolist()]


# %% right by_counting: the new head is counted, not computed: heads that show the symbol, in whole blocks and in the begun one
def draw(stack, counts, number):
    size, starts = sum(counts), [0, *accumulate(counts)]

    def pop(words, head):
        symbol = bisect_right(starts, head % size) - 1
        begin, end = starts[symbol], starts[symbol + 1]
        whole, begun = head // size, range(head % size)
        head = whole * (end - begin) + len(range(max(begin, begun.start), min(end, begun.stop)))
        if head < WORD and words:
            return symbol, words[:-1], words[-1] + WORD * head
        return symbol, words, head

    words, head, symbols = tuple(stack[:-1]), stack[-1], []
    while len(symbols) < number:
        symbol, words, head = pop(words, head)
        symbols.append(symbol)
    return symbols, [*words, head]


# %% wrong takes_at_two_to_the_sixteen: takes a word in if the head is 2^16 or less; at 2^16 exactly, which is not below 2^16, it takes a word too early (and beyond 32 bits)
def draw(stack, counts, number):
    starts, (*words, head), symbols = [0, *accumulate(counts)], stack, []
    for _ in range(number):
        slot = head % starts[-1]
        symbol = bisect_right(starts, slot) - 1
        head = head // starts[-1] * counts[symbol] + slot - starts[symbol]
        if head <= WORD and words:
            head = head * WORD + words.pop()
        symbols.append(symbol)
    return symbols, [*words, head]


# %% wrong first_of_equal_starts: finds the symbol by the value of its first slot; a symbol without slots begins where its successor does, and is found in its place
def draw(stack, counts, number):
    starts, (*words, head), symbols = [0, *accumulate(counts)], stack, []
    for _ in range(number):
        slot = head % starts[-1]
        begin = max(start for start in starts[:-1] if start <= slot)
        symbol = starts.index(begin)
        own = next(start for start in starts if start > begin) - begin
        head = head // starts[-1] * own + slot - begin
        if head < WORD and words:
            head = head * WORD + words.pop()
        symbols.append(symbol)
    return symbols, [*words, head]


# %% wrong boundary_to_the_left: np.searchsorted as it comes (side left): the first slot of each symbol but the first is given to a symbol before it
def draw(stack, counts, number):
    ends, (*words, head), symbols = np.cumsum(counts), stack, []
    size = int(ends[-1])
    for _ in range(number):
        slot = head % size
        symbol = int(np.searchsorted(ends, slot))
        head = head // size * counts[symbol] + slot - (int(ends[symbol]) - counts[symbol])
        if head < WORD and words:
            head = head * WORD + words.pop()
        symbols.append(symbol)
    return symbols, [*words, head]


# %% wrong refills_before: takes a word in before a pop that finds a head below 2^16, and not after it: symbols are right, but the stack that is left may have a head below 2^16 over words
def draw(stack, counts, number):
    starts, (*words, head), symbols = [0, *accumulate(counts)], stack, []
    for _ in range(number):
        if head < WORD and words:
            head = head * WORD + words.pop()
        slot = head % starts[-1]
        symbol = bisect_right(starts, slot) - 1
        head = head // starts[-1] * counts[symbol] + slot - starts[symbol]
        symbols.append(symbol)
    return symbols, [*words, head]


# %% wrong slot_modulo_own: the rank within the block by slot mod f, as in the push; right only if the symbol's first slot is a multiple of f
def draw(stack, counts, number):
    starts, (*words, head), symbols = [0, *accumulate(counts)], stack, []
    for _ in range(number):
        slot = head % starts[-1]
        symbol = bisect_right(starts, slot) - 1
        head = head // starts[-1] * counts[symbol] + slot % counts[symbol]
        if head < WORD and words:
            head = head * WORD + words.pop()
        symbols.append(symbol)
    return symbols, [*words, head]


# %% wrong scaled_head: a pop makes the head smaller by f / M, so floor(h f / M); it takes off the right number of bits, but is not the head's number in the list
def draw(stack, counts, number):
    starts, (*words, head), symbols = [0, *accumulate(counts)], stack, []
    for _ in range(number):
        symbol = bisect_right(starts, head % starts[-1]) - 1
        head = head * counts[symbol] // starts[-1]
        if head < WORD and words:
            head = head * WORD + words.pop()
        symbols.append(symbol)
    return symbols, [*words, head]


# %% wrong stops_when_dry: stops once the words are gone and the head is zero; the statement goes on with heads of zero, for as many symbols as number says
def draw(stack, counts, number):
    starts, (*words, head), symbols = [0, *accumulate(counts)], stack, []
    for _ in range(number):
        if not words and head == 0:
            break
        slot = head % starts[-1]
        symbol = bisect_right(starts, slot) - 1
        head = head // starts[-1] * counts[symbol] + slot - starts[symbol]
        if head < WORD and words:
            head = head * WORD + words.pop()
        symbols.append(symbol)
    return symbols, [*words, head]


# %% wrong at_least_one: repeat until: one symbol comes off even if number is 0
def draw(stack, counts, number):
    starts, (*words, head), symbols = [0, *accumulate(counts)], stack, []
    while True:
        slot = head % starts[-1]
        symbol = bisect_right(starts, slot) - 1
        head = head // starts[-1] * counts[symbol] + slot - starts[symbol]
        if head < WORD and words:
            head = head * WORD + words.pop()
        symbols.append(symbol)
        if len(symbols) >= number:
            return symbols, [*words, head]


# %% wrong eats_the_argument: takes the words off the list that it was given; the caller's stack is shorter afterwards
def draw(stack, counts, number):
    starts, symbols = [0, *accumulate(counts)], []
    for _ in range(number):
        head = stack.pop()
        slot = head % starts[-1]
        symbol = bisect_right(starts, slot) - 1
        head = head // starts[-1] * counts[symbol] + slot - starts[symbol]
        if head < WORD and stack:
            head = head * WORD + stack.pop()
        stack.append(head)
        symbols.append(symbol)
    return symbols, stack


# %% wrong keeps_the_last_word: never takes the bottom word in, so that a stack is never empty; the statement lets a stack run empty of words
def draw(stack, counts, number):
    starts, (*words, head), symbols = [0, *accumulate(counts)], stack, []
    for _ in range(number):
        slot = head % starts[-1]
        symbol = bisect_right(starts, slot) - 1
        head = head // starts[-1] * counts[symbol] + slot - starts[symbol]
        if head < WORD and len(words) > 1:
            head = head * WORD + words.pop()
        symbols.append(symbol)
    return symbols, [*words, head]


# %% wrong word_on_the_wrong_side: the word comes in above the head instead of below it (head + 2^16 word)
def draw(stack, counts, number):
    starts, (*words, head), symbols = [0, *accumulate(counts)], stack, []
    for _ in range(number):
        slot = head % starts[-1]
        symbol = bisect_right(starts, slot) - 1
        head = head // starts[-1] * counts[symbol] + slot - starts[symbol]
        if head < WORD and words:
            head += WORD * words.pop()
        symbols.append(symbol)
    return symbols, [*words, head]


# %% wrong in_the_order_of_pushing: turns the symbols round, since a stack gives them in reverse; asked is the order in which they come off
def draw(stack, counts, number):
    starts, (*words, head), symbols = [0, *accumulate(counts)], stack, []
    for _ in range(number):
        slot = head % starts[-1]
        symbol = bisect_right(starts, slot) - 1
        head = head // starts[-1] * counts[symbol] + slot - starts[symbol]
        if head < WORD and words:
            head = head * WORD + words.pop()
        symbols.insert(0, symbol)
    return symbols, [*words, head]


# %% wrong drops_a_zero_head: a head of zero holds no bits, and is left out of the stack that is returned
def draw(stack, counts, number):
    starts, (*words, head), symbols = [0, *accumulate(counts)], stack, []
    for _ in range(number):
        slot = head % starts[-1]
        symbol = bisect_right(starts, slot) - 1
        head = head // starts[-1] * counts[symbol] + slot - starts[symbol]
        if head < WORD and words:
            head = head * WORD + words.pop()
        symbols.append(symbol)
    return symbols, [*words, *([head] if head else [])]


# %% wrong signed_thirty_two: arithmetic in int32 by torch: heads from 2^31 on are negative, and their quotient and remainder are others
def draw(stack, counts, number):
    starts, words, symbols = [0, *accumulate(counts)], list(stack[:-1]), []
    head = torch.tensor(stack[-1], dtype=torch.int64).to(torch.int32)
    for _ in range(number):
        slot = int(head % starts[-1])
        symbol = bisect_right(starts, slot) - 1
        head = head // starts[-1] * counts[symbol] + slot - starts[symbol]
        if 0 <= int(head) < WORD and words:
            head = head * WORD + words.pop()
        symbols.append(symbol)
    return symbols, [*words, int(head) % LIMIT]
