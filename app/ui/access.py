"""Who may reach the app, and where. No gradio here.

    auth = allowed("0.0.0.0", "ann:secret", everyone=False)   # ("ann", "secret")
    with listen("127.0.0.1", 0) as listener:
        print(address("127.0.0.1", listener))                 # http://127.0.0.1:41873

All this is decided before anything slow is loaded.
"""

from __future__ import annotations

import errno
import ipaddress
import socket

from app.errors import BadInput

HERE = ("127.0.0.1", "localhost", "::1", "[::1]")
"""What this machine is called by a browser on it."""


def allowed(host: str, auth: str | None, *, everyone: bool) -> tuple[str, str] | None:
    """The user and password that visitors of ``host`` must give, or ``None`` for none.

    Raises:
        BadInput: ``auth`` is no ``USER:PASSWORD``, or strangers could reach the app and nobody said that they may.
    """
    if auth is None:
        if not (is_here(host) or everyone):
            raise BadInput(
                f"Anybody who reaches {host} could use the app: pass --auth USER:PASSWORD, or --open-to-everyone."
            )
        return None
    user, _, password = auth.partition(":")
    if not user or not password:
        raise BadInput("The user and password cannot be read: write them as --auth USER:PASSWORD.")
    return user, password


def is_here(host: str) -> bool:
    """Whether only this machine can reach ``host``."""
    found = _ip(host)
    return host == "localhost" or (found is not None and found.is_loopback)


def listen(host: str, port: int) -> socket.socket:
    """A socket that already listens, so that its port is known and nobody else can take it.

    Raises:
        BadInput: The port is taken or not ours to open, or the host is not this machine.
    """
    name = host.strip("[]")
    try:
        return socket.create_server((name, port), family=socket.AF_INET6 if ":" in name else socket.AF_INET)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            reason = f"Port {port} is in use: stop what uses it, or pass another --port (0 takes any free one)."
        elif error.errno in (errno.EACCES, errno.EPERM):
            reason = f"Port {port} may not be opened by this user: pass a --port above 1023."
        else:
            reason = f"{host} is no address of this machine: pass another --host."
        raise BadInput(reason) from error


def address(host: str, listener: socket.socket) -> str:
    """What to type in a browser; a server on every address of this machine is reached by the machine's name."""
    name, found = host.strip("[]"), _ip(host)
    if found is not None and found.is_unspecified:
        name = socket.gethostname()
    return f"http://{f'[{name}]' if ':' in name else name}:{listener.getsockname()[1]}"


def _ip(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return None
