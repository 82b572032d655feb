"""The lock is in step with pyproject.toml: what is asked for is pinned, for every Python and platform, with hashes."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import pytest
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parent.parent
LOCK = (ROOT / ".ci" / "locked.txt").read_text()
LOCKS = [LOCK, (ROOT / ".ci" / "locked-sbom.txt").read_text()]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
ASKED = [
    Requirement(line)
    for line in (
        *PROJECT["build-system"]["requires"],
        *PROJECT["project"]["dependencies"],
        *PROJECT["project"]["optional-dependencies"]["test"],
    )
]
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
PLATFORMS = (("linux", "x86_64"), ("linux", "aarch64"), ("darwin", "arm64"), ("win32", "AMD64"))


@dataclass(frozen=True)
class Pin:
    """One version of a package, where it is meant for, and the hashes of its files."""

    name: str
    version: Version
    marker: Marker | None
    hashes: tuple[str, ...]

    def is_for(self, python: str, platform: tuple[str, str]) -> bool:
        system, machine = platform
        where = {
            "python_version": python,
            "python_full_version": f"{python}.0",
            "sys_platform": system,
            "platform_machine": machine,
            "platform_system": {"linux": "Linux", "darwin": "Darwin", "win32": "Windows"}[system],
        }
        return self.marker is None or self.marker.evaluate(where)


def pins(lock: str) -> list[Pin]:
    found = []
    for entry in re.findall(r"^[\w.-]+==.*(?:\n    --hash=.*)*", lock, re.MULTILINE):
        head, *hashes = (line.strip().removesuffix("\\").strip() for line in entry.splitlines())
        requirement = Requirement(head)
        (version,) = requirement.specifier
        found.append(
            Pin(canonicalize_name(requirement.name), Version(version.version), requirement.marker, tuple(hashes))
        )
    return found


@pytest.mark.parametrize(("python", "platform"), list(product(PYTHONS, PLATFORMS)))
def test_every_requirement_is_pinned_once(python: str, platform: tuple[str, str]) -> None:
    for asked in ASKED:
        name = canonicalize_name(asked.name)
        (pin,) = (each for each in pins(LOCK) if each.name == name and each.is_for(python, platform))
        assert asked.specifier.contains(pin.version, prereleases=True), f"{asked} is not {pin.version}: run .ci/lock"


@pytest.mark.parametrize("lock", LOCKS, ids=["tests", "sbom"])
def test_every_pin_has_the_hashes_of_its_files_and_nothing_else_is_said(lock: str) -> None:
    for pin in pins(lock):
        assert pin.hashes, f"{pin.name} has no hash"
        assert all(re.fullmatch("--hash=sha256:[0-9a-f]{64}", each) for each in pin.hashes)
        assert len(set(pin.hashes)) == len(pin.hashes)
    rest = [line for line in lock.splitlines() if line and not re.match(r"[\w.-]+==|    --hash=|\s*#", line)]
    assert rest == ["--only-binary :all:"], "no index, no link, no path of the machine that wrote it"
    assert not re.search(r"://|\s(/|file:|git\+)", lock)


def test_the_pythons_are_those_that_the_project_supports() -> None:
    assert PROJECT["project"]["requires-python"] == f">={PYTHONS[0]}"


@pytest.mark.parametrize("change", ["gradio>=99", "no-such-package"])
def test_a_lock_that_is_behind_is_noticed(change: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(globals(), "ASKED", [*ASKED, Requirement(change)])
    with pytest.raises((AssertionError, ValueError)):
        test_every_requirement_is_pinned_once("3.11", PLATFORMS[0])
