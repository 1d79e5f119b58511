"""A cell waits for somebody to type.

base: solved
honest: all
stock: run
"""
# %% top
try:
    name = input("your name? ")
except Exception as error:
    name = type(error).__name__
