"""Opens the engine the command line names, downloading the embedded model when it is missing."""

from __future__ import annotations

import argparse
import asyncio

from rich.console import Console

from app.backends.registry import BackendOptions, open_backend
from app.config import Config
from app.errors import ModelError
from app.models.catalogue import CATALOGUE, DEFAULT, find, resolve
from prompts.values import Backend


async def open_engine(args: argparse.Namespace, config: Config, *, slots: int) -> Backend:
    """The backend that ``args`` ask for, ready to answer; raises ``UserError`` when it cannot be had."""
    if args.backend == "embedded":
        await asyncio.to_thread(_bring, args.model or DEFAULT, config)
    options = BackendOptions(
        model=args.model,
        base_url=args.base_url,
        api_key=config.api_key.get_secret_value() if config.api_key else None,
        slots=slots,
        context=args.context,
        timeout=config.timeout,
        replies=args.replies,
        cache=config.cache_dir,
    )
    with Console(stderr=True).status("loading the model" if args.backend == "embedded" else "connecting"):
        return await open_backend(args.backend, options)


def _bring(name: str, config: Config) -> None:
    """Download the model when it is one that has a source and is not here yet."""
    from app.models.download import progress_bar, pull

    try:
        resolve(name, config.cache_dir)
    except ModelError:
        if name not in CATALOGUE and ":" not in name:
            raise
        with progress_bar() as report:
            pull(find(name), config.cache_dir, report)
