# %% right bisected_edges: the owner of a slot by bisection in the accumulated counts, on a copy of the stack
def draw(stack: list[int], counts: list[int], number: int) -> tuple[list[int], list[int]]:
    from bisect import bisect_right
    from itertools import accumulate

    edges = [0, *accumulate(map(int, counts))]
    left, found = [int(entry) for entry in stack], []
    for _ in range(number):
        block, slot = divmod(left.pop(), edges[-1])
        symbol = bisect_right(edges, slot) - 1
        head = block * (edges[symbol + 1] - edges[symbol]) + slot - edges[symbol]
        if head < 1 << 16 and left:
            head = head << 16 | left.pop()
        found.append(symbol)
        left.append(head)
    return found, left

# %% wrong takes_the_callers_stack: pops from the list that was given, so the caller's stack is gone; arguments are to be left as they were
def draw(stack: list[int], counts: list[int], number: int) -> tuple[list[int], list[int]]:
    M, symbols = sum(counts), []
    for _ in range(number):
        head = stack.pop()
        slot, s = head % M, 0
        while slot >= counts[s]:
            slot -= counts[s]
            s += 1
        head = head // M * counts[s] + slot
        if head < 2**16 and stack:
            head = head * 2**16 + stack.pop()
        stack.append(head)
        symbols.append(s)
    return symbols, list(stack)

# %% wrong word_before_the_next: takes a word in only when the next symbol is wanted; the symbols are right, and the stack that is left has a low head
def draw(stack: list[int], counts: list[int], number: int) -> tuple[list[int], list[int]]:
    words, head = list(stack[:-1]), stack[-1]
    M, symbols = sum(counts), []
    for _ in range(number):
        if head < 2**16 and words:
            head = head * 2**16 + words.pop()
        slot, s = head % M, 0
        while slot >= counts[s]:
            slot -= counts[s]
            s += 1
        head = head // M * counts[s] + slot
        symbols.append(s)
    return symbols, words + [head]

# %% wrong numbered_anew: leaves symbols that own nothing out of the table, and answers with the numbers of those that are left
def draw(stack: list[int], counts: list[int], number: int) -> tuple[list[int], list[int]]:
    words, head = list(stack[:-1]), stack[-1]
    M, symbols = sum(counts), []
    owners = [count for count in counts if count > 0]
    for _ in range(number):
        slot, s = head % M, 0
        while slot >= owners[s]:
            slot -= owners[s]
            s += 1
        head = head // M * owners[s] + slot
        if head < 2**16 and words:
            head = head * 2**16 + words.pop()
        symbols.append(s)
    return symbols, words + [head]

# %% wrong stops_at_the_bottom: stops when nothing is left, a head of zero without words, though zero shows a symbol, too, and so many were asked for
def draw(stack: list[int], counts: list[int], number: int) -> tuple[list[int], list[int]]:
    words, head = list(stack[:-1]), stack[-1]
    M, symbols = sum(counts), []
    while len(symbols) < number and (head > 0 or words):
        slot, s = head % M, 0
        while slot >= counts[s]:
            slot -= counts[s]
            s += 1
        head = head // M * counts[s] + slot
        if head < 2**16 and words:
            head = head * 2**16 + words.pop()
        symbols.append(s)
    return symbols, words + [head]
