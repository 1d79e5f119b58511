"""The disk is filled, in one file and in thousands.

base: solved
honest: all
stock: not run: it would fill the disk
"""
# %% top
for folder in (".", "/tmp", "/dev/shm"):
    try:
        with open(f"{folder}/full", "wb") as file:
            for _ in range(4000):
                file.write(bytes(1 << 20))
    except OSError as error:
        print(folder, error.strerror)
    try:
        for number in range(100_000):
            open(f"{folder}/{number}", "w").close()
    except OSError as error:
        print(folder, number, error.strerror)
