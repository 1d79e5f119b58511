"""Scripts in printed text, in the name of an error, in its message, and in a function that is checked.

base: solved
honest: all but 03_gap
stock: run
"""
# %% top
print("<script>alert('vi')</script>")


# %% 03_gap
class Error(Exception):
    pass


Error.__name__ = "<script>alert('vi')</script>"


def elbo_and_gap(*args):
    print("<script>alert('vi')</script>")
    raise Error("<script>alert('vi')</script>")
