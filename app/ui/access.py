"""Address and access of the page; read by the command line, so nothing slow is imported.

login = required_login(Serving(host="0.0.0.0", auth=SecretStr("ann:secret")))    # ("ann", "secret")
with listen("127.0.0.1", 0) as listener:
    print(address("127.0.0.1", listener))                                        # http://127.0.0.1:41873
"""

from __future__ import annotations

import errno
import ipaddress
import socket

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from app.errors import BadInput

LOCAL_HOSTS = ("127.0.0.1", "localhost", "::1", "[::1]")
"""The names of this machine in the address bar of a browser on it."""


class Serving(BaseModel):
    """Address of the page, and who may use it."""

    model_config = ConfigDict(frozen=True)

    host: str = Field(default="127.0.0.1", description="address to listen on; the default is this machine only")
    port: int = Field(default=7860, ge=0, le=65535, description="port to listen on; 0 is any free one")
    auth: SecretStr | None = Field(
        default=None, description="USER:PASSWORD to ask visitors for; or set ISUMP_AUTH, which no one sees"
    )
    read_only: bool = Field(default=False, description="only show what is stored; nothing is solved")
    behind_proxy: bool = Field(
        default=False, description="a reverse proxy decides who may visit, and its X-Forwarded-* are believed"
    )

    @property
    def private(self) -> bool:
        """Whether only this machine can reach the page, by its own names."""
        return is_local(self.host) and not self.behind_proxy


def required_login(serving: Serving) -> tuple[str, str] | None:
    """User and password that the page asks for, or ``None`` where it asks nobody.

    Raises:
        BadInput: ``auth`` is no ``USER:PASSWORD``, or strangers could reach the page and nothing stands before it.
    """
    if serving.auth is None:
        if not (is_local(serving.host) or serving.behind_proxy):
            raise BadInput(
                f"Anybody who reaches {serving.host} could use the page: pass --auth USER:PASSWORD, or --behind-proxy"
                " where a reverse proxy decides who may."
            )
        return None
    user, _, password = serving.auth.get_secret_value().partition(":")
    if not user or not password:
        raise BadInput("The user and password cannot be read: write them as --auth USER:PASSWORD.")
    return user, password


def is_local(host: str) -> bool:
    """Whether only this machine can reach ``host``."""
    try:
        return host == "localhost" or ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def listen(host: str, port: int) -> socket.socket:
    """A listening socket, so that its port is known and nobody else can take it.

    Raises:
        BadInput: The port is taken or not ours to open, or the host is not this machine.
    """
    name = host.strip("[]")
    try:
        listener = socket.create_server((name, port), family=socket.AF_INET6 if ":" in name else socket.AF_INET)
        # Its connections inherit it; without it headers sent before a body delay the body by 40 ms.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return listener
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            reason = f"Port {port} is in use: stop what uses it, or pass another --port (0 takes any free one)."
        elif error.errno in (errno.EACCES, errno.EPERM):
            reason = f"Port {port} may not be opened by this user: pass a --port above 1023."
        else:
            reason = f"{host} is no address of this machine: pass another --host."
        raise BadInput(reason) from error


def address(host: str, listener: socket.socket) -> str:
    """URL to type in a browser; a server on every address of this machine is reached by the machine's name."""
    name = socket.gethostname() if host.strip("[]") in ("0.0.0.0", "::") else host.strip("[]")
    return f"http://{f'[{name}]' if ':' in name else name}:{listener.getsockname()[1]}"
