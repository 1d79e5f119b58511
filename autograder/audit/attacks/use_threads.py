"""Threads that never end print and compute in the background.

base: solved
honest: all
stock: run
"""
# %% top
import threading
import time


def chatter():
    while True:
        print("still here")
        time.sleep(0.01)


for _ in range(8):
    threading.Thread(target=chatter, daemon=True).start()
