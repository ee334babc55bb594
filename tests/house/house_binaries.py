#!/usr/bin/env python3
"""Libraries that our programs must not load: `millrace` must not load LibTorch (0.6-1 s and 170 MB at every
start), `millrace-node` must not load ns-3 (GPL-2.0-only, and useless on a device), `millrace-links` neither.

    house_binaries.py NAME PROGRAM"""

import re
import subprocess
import sys

FORBIDDEN = {
    "millrace": r"lib(torch|c10|caffe2)",
    "millrace-node": r"libns3",
    "millrace-links": r"lib(torch|c10|caffe2|ns3)",
}


def linked(program):
    """The libraries that the loader would load, indirect ones included."""
    return subprocess.run(["ldd", program], text=True, capture_output=True, check=True).stdout


def forbidden(ldd, name):
    libraries = re.findall(r"^\s*(\S+)", ldd, re.M)
    if not any(library.startswith("libc.so") or library.startswith("lib") for library in libraries):
        raise ValueError(f"ldd names no library of {name}: nothing was checked")
    return [library for library in libraries if re.match(FORBIDDEN[name], library)]


if __name__ == "__main__":
    bad = forbidden(linked(sys.argv[2]), sys.argv[1])
    if bad:
        sys.exit(f"{sys.argv[1]} must not link {', '.join(bad)}")
