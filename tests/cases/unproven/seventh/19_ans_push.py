import math
from bisect import bisect_left
from itertools import accumulate

import numpy as np
import torch

WORD, LIMIT = 2**16, 2**32


# %% right blocks_of_the_list: the old head is a place in the list of heads that show the symbol; block and place within it by divmod, and the push begins anew after a word has left
def push(stack, symbol, counts):
    *words, head = stack
    size = sum(counts)

    def listed(number):
        block, place = divmod(number, counts[symbol])
        return block * size + sum(counts[:symbol]) + place

    if listed(head) >= LIMIT:
        words.append(head % WORD)
        head //= WORD
    return words + [listed(head)]


# %% right bisection: no formula for the push at all: it inverts the pop of the statement by bisection, on the count of heads below h that show the symbol
def push(stack, symbol, counts):
    words, head = list(stack[:-1]), stack[-1]
    size, begin, own = sum(counts), sum(counts[:symbol]), counts[symbol]

    def before(h):  # how many heads below h show the symbol
        return (h // size) * own + min(max(h % size - begin, 0), own)

    def find(number):  # the largest h with so many before it
        low, high = 0, LIMIT
        if before(LIMIT) <= number:
            return None
        while low + 1 < high:
            middle = (low + high) // 2
            if before(middle) <= number:
                low = middle
            else:
                high = middle
        return low

    found = find(head)
    if found is None:
        words.append(head & 0xFFFF)
        found = find(head >> 16)
    return [*words, found]


# %% right arrays_of_int64: NumPy throughout, the threshold is put to the old head before anything is pushed, and the numbers that come back are np.int64
def push(stack, symbol, counts):
    numbers = np.array(stack, dtype=np.int64)
    edges = np.concatenate([[0], np.cumsum(np.asarray(counts, dtype=np.int64))])
    own, size = np.int64(counts[symbol]), edges[-1]
    head = numbers[-1]
    if head >= own * (np.int64(LIMIT) // size):
        numbers = np.concatenate([numbers[:-1], [head & 0xFFFF, head >> 16]])
        head = numbers[-1]
    numbers[-1] = (head // own) * size + edges[symbol] + head % own
    return list(numbers)


# %% wrong greater_than: a word leaves if h > f 2^32 / M; at h = f 2^32 / M exactly nothing leaves, and a head of 2^32 or more comes out
def push(stack, symbol, counts):
    *words, head = stack
    size, own = sum(counts), counts[symbol]
    if head > own * (LIMIT // size):
        words.append(head % WORD)
        head //= WORD
    return words + [head // own * size + sum(counts[:symbol]) + head % own]


# %% wrong logarithm_decides: grows by log2(M / f) bits, so a word leaves if log2 h + log2 M - log2 f >= 32; at the limit itself the sum is rounded to below 32 for some f (9 of 16, say), and the head reaches 2^32
def push(stack, symbol, counts):
    *words, head = stack
    size, own = sum(counts), counts[symbol]
    if head > 0 and math.log2(head) + math.log2(size) - math.log2(own) >= 32:
        words.append(head % WORD)
        head //= WORD
    return words + [head // own * size + sum(counts[:symbol]) + head % own]


# %% wrong sixteen_bit_alphabet: the textbook's threshold f << 16 belongs to M = 2^16; for a smaller M words leave far too early
def push(stack, symbol, counts):
    *words, head = stack
    size, own = sum(counts), counts[symbol]
    if head >= own << 16:
        words.append(head & 0xFFFF)
        head >>= 16
    return words + [head // own * size + sum(counts[:symbol]) + head % own]


# %% wrong highest_bits_leave: the head is cut on the wrong side: its 16 highest bits become the word, and the lowest stay
def push(stack, symbol, counts):
    *words, head = stack
    size, own = sum(counts), counts[symbol]
    if head // own * size >= LIMIT:
        words.append(head // WORD)
        head %= WORD
    return words + [head // own * size + sum(counts[:symbol]) + head % own]


# %% wrong renormalizes_the_new_head: pushes first, and if the result is too long its lowest bits leave; the symbol sits in those bits, and the pop cannot see it
def push(stack, symbol, counts):
    *words, head = stack
    size, own = sum(counts), counts[symbol]
    head = head // own * size + sum(counts[:symbol]) + head % own
    if head >= LIMIT:
        words.append(head % WORD)
        head //= WORD
    return words + [head]


# %% wrong wraps_in_uint32: heads are 32 bits, so I keep them in uint32; the product wraps around before it can be compared with the limit
def push(stack, symbol, counts):
    words, head = list(stack[:-1]), np.array([stack[-1]], dtype=np.uint32)
    size, own, begin = (np.uint32(n) for n in (sum(counts), counts[symbol], sum(counts[:symbol])))
    new = head // own * size + begin + head % own
    if int(new[0]) >= LIMIT:
        words.append(int(head[0]) % WORD)
        new = (head >> np.uint32(16)) // own * size + begin + (head >> np.uint32(16)) % own
    return words + [int(new[0])]


# %% wrong in_place: right numbers, written into the list that was given; arguments are to be left as they were found
def push(stack, symbol, counts):
    size, own = sum(counts), counts[symbol]
    if stack[-1] // own * size >= LIMIT:
        stack.append(stack[-1] // WORD)
        stack[-2] %= WORD
    stack[-1] = stack[-1] // own * size + sum(counts[:symbol]) + stack[-1] % own
    return stack


# %% wrong new_word_at_the_bottom: the word that leaves is put before the others; right only while there are no words
def push(stack, symbol, counts):
    *words, head = stack
    size, own = sum(counts), counts[symbol]
    if head // own * size >= LIMIT:
        words = [head % WORD, *words]
        head //= WORD
    return words + [head // own * size + sum(counts[:symbol]) + head % own]


# %% wrong from_the_top_slot_down: gives the h mod f-th slot of the symbol counted from its last slot; one-to-one, shows the right symbol and has the right length, but not in order of size
def push(stack, symbol, counts):
    *words, head = stack
    size, own, end = sum(counts), counts[symbol], sum(counts[: symbol + 1])
    if head // own * size >= LIMIT:
        words.append(head % WORD)
        head //= WORD
    return words + [head // own * size + end - 1 - head % own]


# %% wrong numbered_from_one: the list of heads numbered from 1, so that a head of 0 has to be made 1 first; right for every head but 0
def push(stack, symbol, counts):
    *words, head = stack
    head = max(head, 1)
    size, own = sum(counts), counts[symbol]
    if head // own * size >= LIMIT:
        words.append(head % WORD)
        head //= WORD
    return words + [head // own * size + sum(counts[:symbol]) + head % own]


# %% wrong only_above_words: lets a word leave only where there are words already; a large head on an empty stack comes out at 2^32 or more
def push(stack, symbol, counts):
    *words, head = stack
    size, own = sum(counts), counts[symbol]
    if words and head // own * size >= LIMIT:
        words.append(head % WORD)
        head //= WORD
    return words + [head // own * size + sum(counts[:symbol]) + head % own]


# %% wrong whole_block_limit: asks whether the whole block fits, h / f rounded up, times M; a head in the last block leaves a word that it need not, if f does not divide it
def push(stack, symbol, counts):
    *words, head = stack
    size, own = sum(counts), counts[symbol]
    if math.ceil(head / own) * size >= LIMIT:
        words.append(head % WORD)
        head //= WORD
    return words + [head // own * size + sum(counts[:symbol]) + head % own]


# %% wrong float32_division: the quotient by torch in its default precision; from heads of 2^24 on the lowest bits of the old head are lost
def push(stack, symbol, counts):
    *words, head = stack
    size, own = sum(counts), counts[symbol]

    def listed(h):
        block = int((torch.tensor(float(h)) / own).floor())
        return block * size + sum(counts[:symbol]) + h % own

    if listed(head) >= LIMIT:
        words.append(head % WORD)
        head //= WORD
    return words + [listed(head)]
