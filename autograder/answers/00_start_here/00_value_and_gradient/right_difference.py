"""Idiom: the surrogate minus its detached copy, then the value."""
def value_and_gradient(value, surrogate):
    return value.detach() + (surrogate - surrogate.detach())
