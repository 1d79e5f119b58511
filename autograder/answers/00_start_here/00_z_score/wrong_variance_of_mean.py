"""diagnosis: variance_of_mean"""
def z_score(samples, exact):
    mean = samples.mean(0)
    error = samples.var(0) / len(samples)
    return mean, error, (mean - exact) / error**0.5
