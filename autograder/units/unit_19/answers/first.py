# %% right plain: TO WRITE: the idiom.
def first(x):
    return x


# %% wrong sign, from right plain: TO WRITE: what is wrong, and why people do it.
# diagnosis: generic_sign
#-     return x
#+     return -x
