"""Messages of thousands of parts, each small enough to be received, 14 GB together.

base: solved
honest: all but 03_gap
stock: not run: it would take the machine
"""
# %% 03_gap
def elbo_and_gap(*args):
    part = bytes(7 << 20)
    socket = get_ipython().kernel.iopub_thread.socket
    while True:
        socket.send_multipart([b"stream", *[part] * 2000], copy=False)
