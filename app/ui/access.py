"""Who may reach the app, and where; decided before anything slow is loaded.

accounts = required_login(Serving(host="0.0.0.0", auth=SecretStr("ann:secret")))
with listen("127.0.0.1", 0) as listener:
print(address("127.0.0.1", listener))                                     # http://127.0.0.1:41873
"""

from __future__ import annotations

import errno
import ipaddress
import socket
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from app.errors import BadInput
from app.ui.gate.users import OneUser, Users
from app.ui.limits import MOST_CONNECTIONS

LOCAL_HOSTS = ("127.0.0.1", "localhost", "::1", "[::1]")
"""What this machine is called by a browser on it."""


class Serving(BaseModel):
    """Where the app is reached, and by whom."""

    model_config = ConfigDict(frozen=True)

    host: str = Field(default="127.0.0.1", description="address to listen on; the default is this machine only")
    port: int = Field(default=7860, ge=0, le=65535, description="port to listen on; 0 is any free one")
    auth: SecretStr | None = Field(
        default=None, description="USER:PASSWORD to ask visitors for; or set ISUMP_AUTH, which no one sees"
    )
    users: Path | None = Field(
        default=None, description="file of users who may log in (see isump user), each with a trace store of their own"
    )
    shared: bool = Field(default=False, description="with --users: one trace store for all of them")
    read_only: bool = Field(default=False, description="only show what is stored; nothing is solved")
    open_to_everyone: bool = Field(default=False, description="allow another --host without --auth or --users")
    trusted_proxy: str | None = Field(
        default=None,
        description="addresses or networks, separated by commas, of a reverse proxy whose X-Forwarded-* are believed",
    )
    max_connections: int = Field(
        default=MOST_CONNECTIONS, ge=10, le=100_000, description="open connections; a visitor holds two or three"
    )

    @property
    def private(self) -> bool:
        """Whether only this machine can reach the app, without a password."""
        has_login = self.auth is not None or self.users is not None
        return is_local(self.host) and not has_login and not self.open_to_everyone


def required_login(serving: Serving) -> OneUser | Users | None:
    """Who may log in, or ``None`` where nobody has to.

    Raises:
        BadInput: ``auth`` is no ``USER:PASSWORD``, the users file cannot be used, or strangers could reach the app and
            nobody said that they may.
    """
    if serving.users is not None:
        if serving.auth is not None:
            raise BadInput("The users are given twice: pass --auth or --users, not both.")
        users = Users(serving.users)
        if not users:
            raise BadInput(f"Nobody could log in, because {serving.users} is empty: add one with isump user add NAME.")
        return users
    if serving.shared:
        raise BadInput("--shared is for the users of a file: pass --users FILE, too.")
    if serving.auth is None:
        if not (is_local(serving.host) or serving.open_to_everyone):
            raise BadInput(
                f"Anybody who reaches {serving.host} could use the app: pass --users FILE, --auth USER:PASSWORD, or"
                " --open-to-everyone."
            )
        return None
    user, _, password = serving.auth.get_secret_value().partition(":")
    if not user or not password:
        raise BadInput("The user and password cannot be read: write them as --auth USER:PASSWORD.")
    return OneUser(user, password)


def trusted_proxies(serving: Serving) -> list[str]:
    """The addresses and networks whose word on the client's address is taken; raises ``BadInput`` for what is none."""
    found = [each.strip() for each in (serving.trusted_proxy or "").split(",") if each.strip()]
    for each in found:
        try:
            ipaddress.ip_network(each)
        except ValueError:
            raise BadInput(
                f"{each[:60]!r} is no address or network of a proxy: pass --trusted-proxy 127.0.0.1, for one."
            ) from None
    return found


def is_local(host: str) -> bool:
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
        listener = socket.create_server((name, port), family=socket.AF_INET6 if ":" in name else socket.AF_INET)
        # Its connections have it, too. asyncio would not set it, because their protocol is 0, and headers that are sent
        # before a body would keep the body waiting for 40 ms.
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
