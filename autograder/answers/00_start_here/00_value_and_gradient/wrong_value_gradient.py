"""diagnosis: value_gradient"""
def value_and_gradient(value, surrogate):
    return value + surrogate.detach() - surrogate.detach()
