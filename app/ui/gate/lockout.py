"""Delays after failed log-ins, which grow with every failure, by address and by user name.

lockout = Lockout()
lockout.wait_for_address("203.0.113.7")   # 0.0, else the seconds for which this address is refused
lockout.wait_for_name("ann")              # 0.0, else the seconds that every log-in as ann takes longer
lockout.tried("203.0.113.7", "ann")       # before the password is looked at, so that many at once count as many
lockout.forgive("203.0.113.7", "ann")     # it was right

An address that fails is refused for a while, without looking at the password. A name is never refused, only slowed
down: whoever attacks it from many addresses cannot keep out the one who knows its password.
"""

from __future__ import annotations

import ipaddress
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

FREE_FAILURES = 5
"""Failures of one address, or at one name, that cost nothing yet."""
LONGEST_REFUSAL = 300.0
LONGEST_DELAY = 5.0
FORGOTTEN_AFTER = 900.0
"""Seconds without a failure."""
REMEMBERED = 10_000
"""Addresses, and names; beyond it those that failed longest ago are forgotten."""


@dataclass(slots=True)
class _Failures:
    count: int = 0
    last: float = 0.0


class Lockout:
    """Counts failed log-ins; ``clock`` gives seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._addresses: OrderedDict[str, _Failures] = OrderedDict()
        self._names: OrderedDict[str, _Failures] = OrderedDict()

    def wait_for_address(self, address: str) -> float:
        """Seconds for which log-ins from ``address`` are refused: 1 after the first that counts, then twice as many."""
        found = self._found(self._addresses, network(address))
        if found is None or found.count < FREE_FAILURES:
            return 0.0
        refusal = min(LONGEST_REFUSAL, 2.0 ** min(found.count - FREE_FAILURES, 20))
        return max(0.0, found.last + refusal - self._clock())

    def wait_for_name(self, name: str) -> float:
        """Seconds by which a log-in as ``name`` is slowed down."""
        found = self._found(self._names, name)
        if found is None or found.count < FREE_FAILURES:
            return 0.0
        return min(LONGEST_DELAY, 0.25 * 2.0 ** min(found.count - FREE_FAILURES, 20))

    def forgive(self, address: str, name: str) -> None:
        """Take back one ``tried``, which was no failure."""
        for known, key in ((self._addresses, network(address)), (self._names, name)):
            if found := known.get(key):
                found.count -= 1
                if found.count <= 0:
                    del known[key]

    def tried(self, address: str, name: str) -> None:
        """Count a log-in as failed until it is forgiven."""
        for known, key in ((self._addresses, network(address)), (self._names, name)):
            found = self._found(known, key) or _Failures()
            found.count, found.last = found.count + 1, self._clock()
            known[key] = found
            known.move_to_end(key)
            while len(known) > REMEMBERED:
                known.popitem(last=False)

    def _found(self, known: OrderedDict[str, _Failures], key: str) -> _Failures | None:
        found = known.get(key)
        if found is not None and self._clock() - found.last > FORGOTTEN_AFTER:
            del known[key]
            return None
        return found


def network(address: str) -> str:
    """What one person may have many addresses of: an IPv4 address, or the /64 of an IPv6 one."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address[:64]
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped is not None:
            return str(found.ipv4_mapped)
        return str(ipaddress.ip_network((found, 64), strict=False))
    return str(found)
