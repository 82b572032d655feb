from __future__ import annotations

import subprocess
import sys

import pytest
from pydantic import SecretStr

from app.errors import BadInput
from app.ui.access import Serving, address, is_local, listen, required_login

ANN = SecretStr("ann:a:b")


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.1", "localhost", "::1", "[::1]"])
def test_this_machine_needs_no_password(host: str) -> None:
    assert is_local(host) and required_login(Serving(host=host)) is None
    assert Serving(host=host).private and not Serving(host=host, behind_proxy=True).private


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.2", "example.org", "localhost.example.org", ""])
def test_another_host_needs_a_password_or_a_proxy(host: str) -> None:
    with pytest.raises(BadInput, match="--auth USER:PASSWORD, or --behind-proxy"):
        required_login(Serving(host=host))
    assert required_login(Serving(host=host, behind_proxy=True)) is None
    assert required_login(Serving(host=host, auth=ANN)) == ("ann", "a:b")
    assert not Serving(host=host).private


@pytest.mark.parametrize("auth", ["", "ann", "ann:", ":secret"])
def test_half_a_password_is_refused(auth: str) -> None:
    with pytest.raises(BadInput, match="USER:PASSWORD"):
        required_login(Serving(auth=SecretStr(auth), behind_proxy=True))


def test_the_password_is_not_printed() -> None:
    assert "a:b" not in repr(Serving(auth=ANN))


def test_a_port_in_use_is_one_sentence_and_zero_takes_a_free_one() -> None:
    with listen("127.0.0.1", 0) as first:
        port = first.getsockname()[1]
        assert address("127.0.0.1", first) == f"http://127.0.0.1:{port}"
        with pytest.raises(BadInput, match=f"Port {port} is in use"):
            listen("127.0.0.1", port)


def test_a_host_that_is_not_this_machine_is_refused() -> None:
    with pytest.raises(BadInput, match="no address of this machine"):
        listen("192.0.2.1", 0)


def test_the_options_are_known_without_gradio() -> None:
    code = "import sys, app.cli; print('gradio' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "False\n"
