"""Writes pictures and pages by the same rules as `runtime/base/output_file.hpp` does for the programs.

A regular file is replaced atomically. A device or FIFO is written into, a symbolic link is followed to what
it names, and `-`, /dev/stdout and /dev/fd/N are this process's own descriptors. Data are not flushed to disk:
a picture can be drawn again.
"""

import os
import re
import stat
import sys

OWN = re.compile(r"(?:/dev/fd/|/proc/self/fd/)(\d+)$")


def _place(path):
    """(what `path` leads to, None), or (None, a descriptor of this process)."""
    path = os.fspath(path)
    for _ in range(40):
        if path in ("-", "/dev/stdout"):
            return None, 1
        own = OWN.match(path)
        if own:
            return None, int(own.group(1))
        if not os.path.islink(path):
            return path, None
        path = os.path.join(os.path.dirname(path), os.readlink(path))
    raise OSError("its links lead in a circle")


def is_standard_output(path):
    try:
        return _place(path)[1] == 1
    except OSError:
        return False


def write_output(path, data):
    """All of `data` (bytes). Raises OSError."""
    place, descriptor = _place(path)
    if descriptor is not None:
        sys.stdout.flush()
        with os.fdopen(os.dup(descriptor), "wb") as file:
            file.write(data)
        return
    there = os.stat(place) if os.path.exists(place) else None
    folder = os.path.dirname(place) or "."
    replaceable = there is None or (stat.S_ISREG(there.st_mode) and there.st_nlink == 1)
    if not replaceable or not os.access(folder, os.W_OK) or (there and not os.access(place, os.W_OK)):
        with open(place, "wb") as file:
            file.write(data)
        return
    beside = os.path.join(folder, f".millrace-{os.getpid()}.partial")
    try:
        with open(beside, "xb") as file:
            if there:
                os.fchmod(file.fileno(), stat.S_IMODE(there.st_mode))
            file.write(data)
        os.replace(beside, place)
    except OSError:
        if os.path.exists(beside):
            os.unlink(beside)
        raise
