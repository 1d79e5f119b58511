# %% right one_word_out_and_again: recursion: if the head would become too large, its low word goes down first and the push begins anew
def push(stack: list[int], symbol: int, counts: list[int]) -> list[int]:
    *words, head = map(int, stack)
    block, rank = divmod(head, int(counts[symbol]))
    higher = block * sum(map(int, counts)) + sum(map(int, counts[:symbol])) + rank
    if higher >> 32:
        return push([*words, head & 0xFFFF, head >> 16], symbol, counts)
    return [*words, higher]

# %% wrong one_too_many: lets the head become 2^32 itself, since it asks whether the new head is more than that
def push(stack: list[int], symbol: int, counts: list[int]) -> list[int]:
    words, head = list(stack[:-1]), stack[-1]
    f, M, c = counts[symbol], sum(counts), sum(counts[:symbol])
    if head // f * M + head % f + c > 2**32:
        words.append(head % 2**16)
        head //= 2**16
    return words + [head // f * M + head % f + c]

# %% wrong full_alphabet: sends a word down as soon as the head reaches 2^16 times the symbol's slots, the rule for an alphabet of 2^16 slots
def push(stack: list[int], symbol: int, counts: list[int]) -> list[int]:
    words, head = list(stack[:-1]), stack[-1]
    f, M, c = counts[symbol], sum(counts), sum(counts[:symbol])
    if head >= f * 2**16:
        words.append(head % 2**16)
        head //= 2**16
    return words + [head // f * M + head % f + c]

# %% wrong word_after_push: pushes first and sends the low word of the new head down afterwards, where it has become too large
def push(stack: list[int], symbol: int, counts: list[int]) -> list[int]:
    words, head = list(stack[:-1]), stack[-1]
    f, M, c = counts[symbol], sum(counts), sum(counts[:symbol])
    head = head // f * M + head % f + c
    if head >= 2**32:
        words.append(head % 2**16)
        head //= 2**16
    return words + [head]

# %% wrong head_of_one: takes an empty stack's head for one, as coders begin, so a head of zero does not come back
def push(stack: list[int], symbol: int, counts: list[int]) -> list[int]:
    words, head = list(stack[:-1]), max(stack[-1], 1)
    f, M, c = counts[symbol], sum(counts), sum(counts[:symbol])
    if head // f * M >= 2**32:
        words.append(head % 2**16)
        head //= 2**16
    return words + [head // f * M + head % f + c]
