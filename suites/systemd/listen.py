"""Stands in for systemd: prints each message that comes to the datagram socket named by its argument."""

import socket
import sys

name = sys.argv[1]
listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
listener.bind("\0" + name[1:] if name.startswith("@") else name)
print("listening", flush=True)
while True:
    # Descriptors that come with a message are closed, which is what its sender waits for.
    message = listener.recv(65536).decode()
    if message != "BARRIER=1":
        print(message.strip().replace("\n", " "), flush=True)
