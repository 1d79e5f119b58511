"""diagnosis: standard_deviation"""
def z_score(samples, exact):
    mean = samples.mean(0)
    error = samples.std(0)
    return mean, error, (mean - exact) / error
