"""Thousands of messages between widgets, and one that opens a target nobody knows.

base: solved
honest: all
stock: run
"""
# %% top
from comm import create_comm

comm = create_comm(target_name="jupyter.widget", data={"state": {"_model_name": "x" * 1000}})
for _ in range(3000):
    comm.send({"method": "update", "state": {"value": "y" * 100}})
