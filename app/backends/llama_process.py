"""Child process of the embedded backend: runs llama.cpp's server until the parent process ends.

It imports nothing of this project and exchanges lines of JSON: it reads one object of settings from standard input
and writes one with the ``address`` of the server, or the ``error`` that kept it from starting, to standard output.
When standard input is closed, the process exits at once.
"""

from __future__ import annotations

import json
import os
import sys
from contextlib import suppress
from importlib import import_module
from typing import Any


def main() -> None:
    """Start the server that standard input describes and wait until standard input is closed."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # keeps llama.cpp's own output out of the answers
    try:
        server = serve(**json.loads(sys.stdin.readline()))
    except RuntimeError as error:
        said: dict[str, str] = {"error": str(error)}
    else:
        said = {"address": server.listening_address}
    with suppress(BrokenPipeError):  # the parent may have ended already
        print(json.dumps(said), file=answers, flush=True)
        sys.stdin.read()
    os._exit(0)  # taking a server down in order was seen to wait forever soon after its start


def serve(path: str, slots: int, context: int, prompt_cache_mib: int, api_key: str) -> Any:
    """llama.cpp's server with the model at ``path``, listening on a free port of 127.0.0.1.

    Raises:
        RuntimeError: The file cannot be loaded as a model.
    """
    xllamacpp: Any = import_module("xllamacpp")  # compiled, without types

    params = xllamacpp.CommonParams()
    params.model.path = path
    params.n_gpu_layers = 0
    params.n_parallel = slots
    params.n_ctx = slots * context
    params.kv_unified = True  # one pool: an idle slot's prompt moves to the prompt cache, for any slot to take up
    params.kv_unified_per_slot = context  # and yet no slot takes more than its share
    params.cache_ram_mib = prompt_cache_mib
    params.port = 0  # any free one, on 127.0.0.1 only
    params.api_keys = [api_key]  # without a key, any web page open in a browser could ask
    params.ui = False
    params.endpoint_slots = False
    params.verbosity = 0  # its log goes to standard error, past Python
    return xllamacpp.Server(params)


if __name__ == "__main__":
    main()
