"""Which device and number type a model computes in on this machine."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import torch


def device() -> torch.device:
    """CUDA, else MPS, else the processor."""
    if torch.cuda.is_available():
        return torch.device("cuda")
    if torch.backends.mps.is_available():
        return torch.device("mps")
    return torch.device("cpu")


def dtype(on: torch.device) -> torch.dtype:
    """bfloat16 where the device computes it natively, else float32.

    On a processor with the instructions, all-MiniLM-L6-v2 embeds 56 chunks/s in bfloat16 and 26 in
    float32; without them bfloat16 is emulated and slower.
    """
    if on.type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float32
    if on.type == "cpu" and torch.ops.mkldnn._is_mkldnn_bf16_supported():
        return torch.bfloat16
    return torch.float32


_LARGE = 2 * 1024 * 1024
_KERNELS = {"ONEDNN_PRIMITIVE_CACHE_CAPACITY": "128", "LRU_CACHE_CAPACITY": "64"}
"""Kernels that are kept by oneDNN, and by PyTorch above it."""

_M_MMAP_THRESHOLD = -3  # malloc.h of glibc


def keep_memory_flat() -> None:
    """Have large tensors mapped, each by itself, and not cut from a heap that they tear to pieces.

    glibc does so by itself at first, and ever less as it sees larger ones freed. While 768 passages
    of a filing were embedded, the peak rose from 850 to 980 MB; so it stays at 950, as fast. From
    1 MB down it were 780 MB, but a third slower. Where there is no glibc, nothing happens.

    In bfloat16, oneDNN and PyTorch above it keep kernels for each shape they have seen, 1,024 each:
    while 2,048 passages of many lengths were embedded, the process grew from 635 to 755 MB and went
    on; with 128 and 64 it stays at 668. Making a few anew takes .5 ms of a question's 7.5. What the
    environment says goes first.
    """
    for name, most in _KERNELS.items():
        os.environ.setdefault(name, most)
    with suppress(OSError, AttributeError, TypeError):
        ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, _LARGE)


def give_back_memory() -> None:
    """Hand freed memory back to the system.

    After 2,000 passages a process had grown from 830 MB to 1.1 GB and went on growing; with this
    after each 256 it falls back to 580 MB. Takes milliseconds. Where there is no glibc, nothing
    happens.
    """
    with suppress(OSError, AttributeError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)


@contextmanager
def steady(kind: torch.dtype, *, threads: int | None = None) -> Iterator[None]:
    """Compute so that the number of threads does not change a bit of the result.

    bfloat16 kernels gave the same bytes on one and on two threads; float32 ones did not (sums are
    split by thread), so they get one. `threads` asks for a number where that is faster.
    """
    before = torch.get_num_threads()
    if kind == torch.float32:
        threads = 1
    if threads is not None:
        torch.set_num_threads(threads)
    try:
        with torch.inference_mode():
            yield
    finally:
        torch.set_num_threads(before)
