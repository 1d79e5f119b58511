"""Models with exact answers: evidence, posterior, or both."""
