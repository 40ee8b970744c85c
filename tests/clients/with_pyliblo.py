"""Asks the bridge for a clip through pyliblo3, run by a Python that has it."""

import sys

import pyliblo3 as liblo

finished = []


def heard(path, args, types, source):
    sys.stdout.write(f"heard {path} {types} {' '.join(map(str, args))}\n")
    sys.stdout.flush()
    if path in ("/bridge/clip", "/bridge/fail", "/bridge/failed"):
        finished.append(path)


server = liblo.Server()
server.add_method(None, None, heard)
bridge = liblo.Address("127.0.0.1", int(sys.argv[1]))
request = (
    "/bridge/generate",
    "from-pyliblo",
    "dusty lo-fi",
    "bars",
    ("d", 4.0),
    "loop",
    ("T", True),
)
server.send(bridge, liblo.Bundle(liblo.Message(*request)))
while not finished:
    server.recv(50)
