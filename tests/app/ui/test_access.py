from __future__ import annotations

import pytest

from app.errors import BadInput
from app.ui.access import address, allowed, is_here, listen


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.1", "localhost", "::1", "[::1]"])
def test_this_machine_needs_no_password(host: str) -> None:
    assert is_here(host)
    assert allowed(host, None, everyone=False) is None


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.2", "example.org", "localhost.example.org", ""])
def test_another_host_needs_a_password_or_the_word(host: str) -> None:
    with pytest.raises(BadInput, match="--auth USER:PASSWORD, or --open-to-everyone"):
        allowed(host, None, everyone=False)
    assert allowed(host, None, everyone=True) is None
    assert allowed(host, "ann:a:b", everyone=False) == ("ann", "a:b")


@pytest.mark.parametrize("auth", ["", "ann", "ann:", ":secret"])
def test_half_a_password_is_refused(auth: str) -> None:
    with pytest.raises(BadInput, match="USER:PASSWORD"):
        allowed("127.0.0.1", auth, everyone=True)


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
