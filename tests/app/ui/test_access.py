from __future__ import annotations

import socket
import subprocess
import sys

import pytest
from pydantic import SecretStr, ValidationError

from app.errors import BadInput
from app.ui.access import Serving, address, is_local, listen, required_login

ANN = SecretStr("ann:a:b")


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.1", "localhost", "::1", "[::1]"])
def test_this_machine_needs_no_password(host: str) -> None:
    assert is_local(host)
    assert required_login(Serving(host=host)) is None
    assert Serving(host=host).private and not Serving(host=host, auth=ANN).private
    assert not Serving(host=host, open_to_everyone=True).private


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.2", "example.org", "localhost.example.org", ""])
def test_another_host_needs_a_password_or_permission(host: str) -> None:
    with pytest.raises(BadInput, match="--users FILE, --auth USER:PASSWORD, or --open-to-everyone"):
        required_login(Serving(host=host))
    assert required_login(Serving(host=host, open_to_everyone=True)) is None
    accounts = required_login(Serving(host=host, auth=ANN))
    assert accounts is not None and accounts.verify("ann", "a:b")
    assert not any(
        accounts.verify(name, word) for name, word in (("ann", "a"), ("bo", "a:b"), ("", "a:b"), ("ann", ""))
    )
    assert not Serving(host=host).private


@pytest.mark.parametrize("auth", ["", "ann", "ann:", ":secret"])
def test_half_a_password_is_refused(auth: str) -> None:
    with pytest.raises(BadInput, match="USER:PASSWORD"):
        required_login(Serving(auth=SecretStr(auth), open_to_everyone=True))


def test_the_password_is_not_printed_and_ports_are_bounded() -> None:
    assert "a:b" not in repr(Serving(auth=ANN))
    for port in (-1, 65536):
        with pytest.raises(ValidationError):
            Serving(port=port)


def test_a_port_in_use_is_one_sentence_and_zero_takes_a_free_one() -> None:
    with listen("127.0.0.1", 0) as first:
        port = first.getsockname()[1]
        assert port > 0
        assert address("127.0.0.1", first) == f"http://127.0.0.1:{port}"
        with pytest.raises(BadInput, match=f"Port {port} is in use"):
            listen("127.0.0.1", port)


@pytest.mark.parametrize("host", ["192.0.2.1", "no.such.host.invalid"])
def test_a_host_that_is_not_this_machine_is_refused(host: str) -> None:
    with pytest.raises(BadInput, match="no address of this machine"):
        listen(host, 0)


def test_the_options_are_known_without_gradio() -> None:
    code = "import sys, app.ui.access; print('gradio' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "False\n"


def test_a_body_is_not_kept_waiting_for_its_headers_to_be_acknowledged() -> None:
    with listen("127.0.0.1", 0) as listener, socket.create_connection(listener.getsockname()[:2]):
        taken, _ = listener.accept()
        with taken:
            assert taken.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
