"""diagnosis: no_gradient"""
def value_and_gradient(value, surrogate):
    return value.detach() + (surrogate - surrogate).detach()
