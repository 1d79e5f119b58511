"""diagnosis: both_gradients"""
def value_and_gradient(value, surrogate):
    return value + (surrogate - surrogate.detach())
