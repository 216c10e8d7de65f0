"""What of a file lies in memory, and how to make it cold."""

import ctypes
import mmap
import os
import pathlib
import time

from harness.processes import Failed

LIBC = ctypes.CDLL(None, use_errno=True)
LIBC.mmap.restype = ctypes.c_void_p
LIBC.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long]
LIBC.mincore.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_char_p]
LIBC.munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t]

COLD_SHARE_MAX = 0.01
DROP_SECONDS_MAX = 5


def cached_bytes(file: pathlib.Path) -> int:
    size = file.stat().st_size
    fd = os.open(file, os.O_RDONLY)
    try:
        at = LIBC.mmap(None, size, mmap.PROT_READ, mmap.MAP_SHARED, fd, 0)  # Touches nothing.
    finally:
        os.close(fd)
    pages = ctypes.create_string_buffer(-(-size // mmap.PAGESIZE))  # One byte each: bit 0 says that it is cached.
    asked = LIBC.mincore(at, size, pages)
    LIBC.munmap(at, size)
    if asked != 0:
        raise Failed(f"mincore of {file}: {os.strerror(ctypes.get_errno())}")
    return sum(byte & 1 for byte in pages.raw) * mmap.PAGESIZE


def drop(file: pathlib.Path) -> None:
    """Pages that are mapped somewhere stay. An idle lane keeps views for a second; whoever maps them longer ends the measurement."""
    end = time.monotonic() + DROP_SECONDS_MAX
    fd = os.open(file, os.O_RDONLY)
    try:
        os.fsync(fd)
        os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
        while (left := cached_bytes(file)) > COLD_SHARE_MAX * file.stat().st_size:
            if time.monotonic() > end:
                raise Failed(f"{left} bytes of {file} do not leave the page cache")
            time.sleep(0.2)
            os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
    finally:
        os.close(fd)
