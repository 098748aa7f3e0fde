#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""A client of NBD that knows no block sizes: nbd_client.py SOCKET EXPORT OP...

An OP is read:AT:COUNT, write:AT:COUNT:LETTER, zero:AT:COUNT, trim:AT:COUNT or flush, with flags behind a
comma: write:0:512:a,fua  zero:0:512,no_hole  zero:0:512,fast. Prints of each its error, by NBD's name, or
OK, and the letters it read, runs of one letter as "a*512". "vanish" sends half of a write and goes.
"""
import itertools
import socket
import struct
import sys

COMMANDS = {"read": 0, "write": 1, "flush": 3, "trim": 4, "zero": 6}
FLAGS = {"fua": 1, "no_hole": 2, "fast": 16}
ERRORS = {0: "OK", 1: "EPERM", 5: "EIO", 12: "ENOMEM", 22: "EINVAL", 28: "ENOSPC", 95: "ENOTSUP", 108: "ESHUTDOWN"}


def take(sock, count):
    got = b""
    while len(got) < count:
        piece = sock.recv(count - len(got))
        if not piece:
            sys.exit("the server is gone")
        got += piece
    return got


def connect(path, export):
    sock = socket.socket(socket.AF_UNIX)
    sock.connect(path)
    take(sock, 18)
    sock.sendall(struct.pack(">I8sII", 3, b"IHAVEOPT", 1, len(export)) + export.encode())
    size, flags = struct.unpack(">QH", take(sock, 10))
    print(f"size {size} {'read-only' if flags & 2 else 'writable'}")
    return sock


def runs(data):
    pieces = ((chr(letter), len(list(run))) for letter, run in itertools.groupby(data))
    return " ".join(f"{'0' if letter == chr(0) else letter}*{count}" for letter, count in pieces)


def ask(sock, op):
    words, *flags = op.split(",")
    name, at, count, letter = (words.split(":") + [0, 0, ""])[:4]
    at, count = int(at), int(count)
    bits = sum(FLAGS[flag] for flag in flags)
    sock.sendall(struct.pack(">IHHQQI", 0x25609513, bits, COMMANDS[name], 1, at, count))
    if name == "write":
        sock.sendall(letter.encode() * count)
    _, error, _ = struct.unpack(">IIQ", take(sock, 16))
    data = runs(take(sock, count)) if name == "read" and not error else ""
    print(name, ERRORS.get(error, error), data)


def main():
    sock = connect(sys.argv[1], sys.argv[2])
    for op in sys.argv[3:]:
        if op == "vanish":
            sock.sendall(struct.pack(">IHHQQI", 0x25609513, 0, 1, 1, 0, 1 << 20) + b"x" * 1000)
            return
        ask(sock, op)


main()
