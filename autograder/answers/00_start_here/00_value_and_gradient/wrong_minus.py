"""diagnosis: minus"""
def value_and_gradient(value, surrogate):
    return value.detach() + (surrogate.detach() - surrogate)
