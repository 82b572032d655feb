"""The header of a GGUF file, judged before llama.cpp reads the rest.

A header is the magic ``GGUF``, the version, the number of tensors and the number of metadata entries, little-endian.
Specification: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
"""

from __future__ import annotations

import errno
import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from app.errors import ModelError
from app.models.files import open_regular

_HEADER = struct.Struct("<4sIQQ")
_SMALLEST_TENSOR = 8 + 4 + 4 + 8  # length of the name, number of dimensions, type, offset
_SMALLEST_ENTRY = 8 + 4 + 1  # length of the key, type, a value of one byte
_LARGEST_VERSION = 0xFFFF  # beyond it the bytes are those of a big-endian file


@contextmanager
def open_model(path: Path) -> Iterator[BinaryIO]:
    """The file of a model opened for reading.

    Raises:
        ModelError: No plain file lies there, or it cannot be read; also when reading it fails later on.
    """
    try:
        with open_regular(path) as file:
            yield file
    except FileNotFoundError:
        raise ModelError(f"there is no file {path}: check the path given as --model.") from None
    except OSError as error:
        reason = "its path is too long" if error.errno == errno.ENAMETOOLONG else error.strerror or error
        raise ModelError(f"{path} cannot be read as a model: {reason}.") from error
    except ValueError as error:
        raise ModelError(f"{str(path)!r} is no path that a file can have: check what is given as --model.") from error


def check_gguf(path: Path) -> Path:
    """Returns the path if a GGUF file lies there whose header can be true, else raises a ``ModelError``."""
    with open_model(path) as file:
        header, size = file.read(_HEADER.size), os.fstat(file.fileno()).st_size
    if header[:4] != b"GGUF":
        raise ModelError(f"{path} is not a GGUF file: give a model converted for llama.cpp.")
    if len(header) < _HEADER.size:
        raise ModelError(f"{path} is not a GGUF file that is whole: it ends within its header, so fetch it anew.")
    _, version, tensors, entries = _HEADER.unpack(header)
    if not 2 <= version <= _LARGEST_VERSION:
        raise ModelError(
            f"{path} is not a GGUF file of a version that llama.cpp reads: convert the model again, little-endian."
        )
    if _HEADER.size + tensors * _SMALLEST_TENSOR + entries * _SMALLEST_ENTRY > size:
        raise ModelError(
            f"{path} is not a GGUF file that is whole: its {size:,} bytes cannot hold the {tensors:,} tensors and "
            f"{entries:,} entries its header counts, so fetch it anew."
        )
    return path
