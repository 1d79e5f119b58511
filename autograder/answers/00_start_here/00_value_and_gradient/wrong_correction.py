"""diagnosis: digits_lost"""
def value_and_gradient(value, surrogate):
    return surrogate + (value - surrogate).detach()
