"""A file for each word of ``python -m autograder``: arguments and printing, nothing else."""
