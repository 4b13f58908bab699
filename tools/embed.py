#!/usr/bin/env python3
"""embed.py FILE NAME OUT.c: the bytes of FILE as a C array NAME with its length NAME_len."""
import sys

path, name, out = sys.argv[1:]
with open(path, "rb") as file:
    data = file.read()
with open(out, "w") as c:
    c.write("/* Made by tools/embed.py; do not edit. */\n#include <stddef.h>\n")
    c.write(f"extern const char {name}[];\nextern const size_t {name}_len;\n")
    c.write(f"const char {name}[] = {{\n")
    for i in range(0, len(data), 16):
        c.write(" ".join(f"'\\x{byte:02x}'," for byte in data[i : i + 16]) + "\n")
    c.write(f"'\\0'}};\nconst size_t {name}_len = {len(data)};\n")
