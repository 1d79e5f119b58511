"""diagnosis: wrong_axis"""
def z_score(samples, exact):
    mean = samples.mean(-1)
    error = samples.std(-1) / samples.shape[-1] ** 0.5
    return mean, error, error
