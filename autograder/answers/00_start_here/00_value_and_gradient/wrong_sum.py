"""diagnosis: sum_of_both"""
def value_and_gradient(value, surrogate):
    return value.detach() + surrogate
