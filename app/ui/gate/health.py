"""The health of the server, for Docker, systemd or a load balancer: ``GET /health``, without a log-in.

{"status": "ok", "version": "0.1.0", "store": "readable", "backend": "not loaded"}

It is 503 when the trace store cannot be read, and says nothing of paths, users or models.
"""

from __future__ import annotations

import asyncio
import logging
import time
from importlib.metadata import version

from starlette.responses import JSONResponse, Response

from app.ui.site import Site
from prompts.values import UserError

PATH = "/health"
_FRESH = 1.0
"""Seconds for which an answer is given again, so that asking costs nothing."""
_PATIENCE = 5.0
"""Seconds for the store to answer."""

logger = logging.getLogger(__name__)


class Health:
    """Looks after one site."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self._looked = float("-inf")
        self._readable = False

    async def response(self) -> Response:
        """What ``/health`` answers."""
        now = time.monotonic()
        if now - self._looked >= _FRESH:
            self._looked = now
            self._readable = await self._reads()
        content = {
            "status": "ok" if self._readable else "failing",
            "version": version("isump"),
            "store": "readable" if self._readable else "not readable",
            "backend": self.site.backends.state,
        }
        return JSONResponse(content, 200 if self._readable else 503, {"Cache-Control": "no-store"})

    async def _reads(self) -> bool:
        try:
            async with asyncio.timeout(_PATIENCE):
                await asyncio.to_thread(self.site.check_store)
        except (UserError, TimeoutError) as error:
            logger.warning("The trace store cannot be read: %s", error or "it does not answer")
            return False
        return True
