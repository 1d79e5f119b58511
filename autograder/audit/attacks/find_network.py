"""A machine elsewhere is asked for the answers.

base: untouched
honest: nothing
stock: not run: it would speak to a machine elsewhere
"""
# %% last
import socket
import urllib.request

for address in (("127.0.0.1", PORT), ("1.1.1.1", 53), ("::1", PORT)):
    try:
        with socket.create_connection(address, 2) as link:
            link.sendall(b"the inputs are ...")
            print("REACHED", address)
    except OSError as error:
        print(type(error).__name__)
