from __future__ import annotations

import base64
import io
import os
import stat
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import BadInput
from app.ui.gate import edit_users, users
from app.ui.gate.edit_users import edit
from app.ui.gate.users import OneUser, Users, check_name, hash_password, read, verify_hash

PASSWORD = "correct horse"


@pytest.fixture(autouse=True)
def typed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody pipes the password in; and hashes are made at the lowest cost that is read."""
    monkeypatch.setattr(users, "_LN", 10)
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(isatty=lambda: False, buffer=io.BytesIO(PASSWORD.encode())))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "users.txt"
    assert edit(path, "add", "ann").startswith("Added ann")
    return path


def test_a_user_is_added_listed_and_removed(file: Path) -> None:
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert edit(file, "list", None) == "ann"
    assert Users(file).verify("ann", PASSWORD)
    assert not Users(file).verify("ann", "correct hors") and not Users(file).verify("bo", PASSWORD)
    assert PASSWORD not in file.read_text()
    edit(file, "remove", "ann")
    assert read(file) == {}
    with pytest.raises(BadInput, match="no user 'ann'"):
        edit(file, "remove", "ann")


def test_a_hash_has_a_salt_of_its_own_and_the_form_that_other_programs_read() -> None:
    one, other = hash_password(PASSWORD), hash_password(PASSWORD)
    assert one != other and one.startswith("$scrypt$ln=10,r=8,p=1$")
    assert verify_hash(PASSWORD, one) and not verify_hash(PASSWORD + " ", one)


def test_a_hash_of_another_program_is_read() -> None:
    """The test vector of RFC 7914 with N = 1024, r = 8, p = 16, in the form that passlib writes."""
    digest = bytes.fromhex(
        "fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162"
        "2eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640"
    )
    hashed = f"$scrypt$ln=10,r=8,p=16$TmFDbA${base64.b64encode(digest).decode().rstrip('=')}"
    assert verify_hash("password", hashed) and not verify_hash("Password", hashed)


@pytest.mark.parametrize("password", ["", "short", "x" * 1025])
def test_a_password_that_is_too_short_or_too_long_is_refused(password: str) -> None:
    with pytest.raises(BadInput, match="it needs 8 to 1,024"):
        hash_password(password)


@pytest.mark.parametrize("name", ["ann", "a", "a-b_c9", "9", "x" * 32])
def test_names(name: str) -> None:
    assert check_name(name) == name


@pytest.mark.parametrize(
    "name",
    ["", "..", "../ann", "a/b", "a\\b", "Ann", "a.b", "-a", "a-", "a\n", "a:b", "x" * 33, "ä", "a\0", "~", "a b"],
)
def test_what_is_no_name_is_refused(name: str, file: Path) -> None:
    with pytest.raises(BadInput, match="is no user name"):
        check_name(name)
    with pytest.raises(BadInput):
        edit(file, "add", name)


@given(st.text())
def test_no_name_leads_out_of_a_folder(name: str) -> None:
    try:
        check_name(name)
    except BadInput:
        return
    assert Path(name).name == name and name.isascii() and not name.startswith(".")


@pytest.mark.parametrize(
    "line",
    [
        "ann",
        "ann:secret",
        "ann:$scrypt$ln=30,r=8,p=1$YWFhYWFhYWE$YWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWE",
        "ann:$scrypt$ln=17,r=32,p=1$YWFhYWFhYWE$YWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWE",
        "ann:$scrypt$ln=10,r=8,p=1$YWFhYWFhYWE$short",
        "../ann:$scrypt$ln=10,r=8,p=1$YWFhYWFhYWE$YWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWE",
        ":$scrypt$ln=10,r=8,p=1$YWFhYWFhYWE$YWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWE",
    ],
)
def test_a_line_that_is_no_user_is_named(line: str, tmp_path: Path) -> None:
    path = tmp_path / "users.txt"
    path.write_text(f"# who may log in\n\n{line}\n")
    with pytest.raises(BadInput, match="Line 3 of"):
        Users(path)


def test_a_name_that_is_there_twice_is_refused(file: Path) -> None:
    file.write_text(file.read_text() * 2)
    with pytest.raises(BadInput, match="two lines of ann"):
        Users(file)


@pytest.mark.parametrize("content", [b"\xff\xfe", None])
def test_a_file_that_cannot_be_read_is_a_sentence(content: bytes | None, tmp_path: Path) -> None:
    path = tmp_path / "users.txt"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(BadInput, match="users file"):
        Users(path)
    with pytest.raises(BadInput, match="no folder"):
        edit(tmp_path / "none" / "users.txt", "add", "ann")
    with pytest.raises(BadInput, match="There is no name"):
        edit(path, "add", None)


def test_a_change_of_the_file_counts_at_once_and_a_broken_one_changes_nothing(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(users, "_FRESH", -1.0)
    known = Users(file)
    before = known.line("ann")
    assert before is not None
    file.write_text("broken")
    assert known.line("ann") == before
    users.write(file, {"ann": hash_password("another password"), "bo": hash_password(PASSWORD)})
    assert known.line("ann") not in (None, before) and known.verify("bo", PASSWORD)
    assert not known.verify("ann", PASSWORD)


def test_a_failed_write_leaves_the_file_as_it_was(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = file.read_text()

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(BadInput, match="No space left"):
        users.write(file, {})
    assert file.read_text() == before
    assert sorted(path.name for path in file.parent.iterdir()) == [".users.txt.lock", "users.txt"]


def test_a_stranger_takes_as_long_as_a_user(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    worked = list[str]()
    real = users.verify_hash
    monkeypatch.setattr(users, "verify_hash", lambda word, hashed: (worked.append(hashed), real(word, hashed))[1])
    for name in ("ann", "stranger"):
        assert not Users(file).verify(name, "wrong")
    assert len(worked) == 2 and all(hashed.startswith("$scrypt$ln=10") for hashed in worked)


def test_the_password_is_asked_for_twice_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter(["one password", "one password", "one password", "another"])
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(isatty=lambda: True))
    monkeypatch.setattr(edit_users, "getpass", lambda prompt: next(answers))
    assert edit_users.asked_password("ann") == "one password"
    with pytest.raises(BadInput, match="differ"):
        edit_users.asked_password("ann")


def test_the_only_user() -> None:
    only = OneUser("ann", "sécret")
    assert only.verify("ann", "sécret") and only.line("ann") and not only.line("bo")
    assert not only.verify("ann", "secret") and not only.verify("ann\ud800", "x")


def test_the_file_is_looked_at_once_a_second_at_most(file: Path) -> None:
    known = Users(file)
    file.unlink()
    assert known.line("ann"), "and one that is gone lets nobody be locked out"
    known._looked = time.monotonic() - 60
    assert known.line("ann")
