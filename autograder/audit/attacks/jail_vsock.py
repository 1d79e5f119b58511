"""Sockets that no network namespace holds: the host of a virtual machine, raw packets, the system's own messages.

base: solved
honest: all
stock: not run: it speaks to the system of whoever runs it
"""
# %% top
import socket
for _family, _type, _number in ((40, 1, 0), (38, 5, 0), (17, 3, 0), (16, 3, 12), (16, 3, 15), (31, 3, 1), (21, 5, 0), (30, 1, 0)):
    try:
        _socket = socket.socket(_family, _type, _number)
    except OSError:
        continue
    print("GOT THROUGH: a socket of family", _family, _number)
    if _family == 40:
        _socket.settimeout(1)
        for _port in (22, 1024, 5000, 9999, 10000):
            try:
                _socket.connect((2, _port))
                print("REACHED the host", _port)
            except OSError:
                pass
