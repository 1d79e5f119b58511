"""Scratch files by the thousand, each with attributes of 64 KB.

base: solved
honest: all
stock: not run: it would take the machine
"""
# %% top
import os
try:
    for _n in range(5000):
        open(f"/tmp/a{_n}", "w").close()
        for _k in range(16):
            os.setxattr(f"/tmp/a{_n}", f"user.k{_k}", bytes(60000))
    print("GOT THROUGH: 4 GB of attributes")
except OSError as error:
    print(error)
for _name in os.listdir("/tmp"):
    os.path.isfile("/tmp/" + _name) and os.unlink("/tmp/" + _name)
