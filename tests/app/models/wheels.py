"""A model of a few bytes in three wheels, built here, and a pull of it in a process of its own."""

from __future__ import annotations

import base64
import hashlib
import os
import signal
import struct
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

from app.models import sources
from app.models.catalogue import HubFile, Model, Wheel

ROOT = Path(sources.__file__).parents[2]
HEADER = b"GGUF" + struct.pack("<IQQ", 3, 0, 0)
"""The header of a GGUF file without tensors and entries."""

PARTS = (HEADER + os.urandom(2980), os.urandom(2000), os.urandom(1000))
WHOLE = b"".join(PARTS)
TINY = Model(
    name="tiny",
    description="three wheels of noise",
    licence="none",
    bytes=len(WHOLE),
    sha256=hashlib.sha256(WHOLE).hexdigest(),
    context=64,
    wheels=tuple(Wheel(f"tiny-part{i}==1.0", f"*/data/part{i:02}.bin") for i in (1, 2, 3)),
)
ONE = replace(TINY, bytes=len(PARTS[0]), sha256=hashlib.sha256(PARTS[0]).hexdigest(), wheels=TINY.wheels[:1])
HUB = HubFile("some/tiny-GGUF", "tiny.gguf")
LONG_ENOUGH = 120
"""Seconds after which something hangs, however busy the machine is."""


def build_wheel(links: Path, number: int, files: dict[str, bytes]) -> Path:
    package, info = f"tiny_part{number}", f"tiny_part{number}-1.0.dist-info"
    files = {f"{package}/{name}": data for name, data in files.items()} | {
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: tiny-part{number}\nVersion: 1.0\n".encode(),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    hashes = {name: base64.urlsafe_b64encode(hashlib.sha256(data).digest()) for name, data in files.items()}
    rows = [f"{name},sha256={hashes[name].rstrip(b'=').decode()},{len(data)}" for name, data in files.items()]
    files[f"{info}/RECORD"] = "\n".join([*rows, f"{info}/RECORD,,"]).encode()
    path = links / f"{package}-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def options(links: Path) -> tuple[str, ...]:
    return ("--no-index", f"--find-links={links}")


def leftovers(cache: Path) -> list[str]:
    return [path.name for path in (cache / "partial").iterdir()]


class Pull:
    """A pull in a process of its own; it says each new thing it does, and sleeps for good once ``hold`` is true."""

    def __init__(self, model: Model, cache: Path, links: Path, hold: str = "False", setup: str = "", **env: str):
        program = f"""
import time
from pathlib import Path, PosixPath
from app.models import sources
from app.models.download import pull
from app.models.catalogue import HubFile, Model, Wheel
{setup}
said = set()
def report(doing, done, total):
    parts = len(list(Path({str(cache)!r}).glob("partial/tiny/wheels/*==*")))
    if doing not in said:
        said.add(doing)
        print(doing, flush=True)
    if {hold}:
        print("HOLD", flush=True)
        time.sleep(600)
print(pull({model!r}, Path({str(cache)!r}), report, pip_options={options(links)!r}), flush=True)
"""
        self.process = subprocess.Popen(
            [sys.executable, "-c", program],
            cwd=ROOT,
            env=os.environ | {"NO_PROXY": "127.0.0.1", "HF_HOME": str(cache.parent / "hf")} | env,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def kill_when_held(self) -> None:
        assert self.process.stdout
        said: list[str] = []
        while not said or said[-1] != "HOLD\n":
            said.append(self.process.stdout.readline())
            assert said[-1], f"the pull ended before it was held: {said}"
        self.process.send_signal(signal.SIGKILL)
        self.process.communicate()

    def result(self) -> tuple[str, str]:
        out, err = self.process.communicate(timeout=LONG_ENOUGH)
        assert self.process.returncode == 0, err
        return out, err
