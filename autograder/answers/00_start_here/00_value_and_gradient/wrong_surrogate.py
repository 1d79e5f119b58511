"""diagnosis: surrogate_value"""
def value_and_gradient(value, surrogate):
    return surrogate + (value - value).detach()
