"""Exit codes and errors of every command.

    run(lambda: command(sys.argv[1:]).run())

Exit codes: what the command returns; 2 for what the user can mend, said in one sentence; 130 after Ctrl-C. Any other
error is a bug, and its traceback is shown.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import NoReturn

from app.text import sanitize
from prompts.brief import brief
from prompts.values import UserError

EXIT_USAGE = 2
_MAX_SENTENCE = 2_000
"""Characters; a sentence may quote a path or an option of any length."""


def run(main: Callable[[], int]) -> NoReturn:
    """Run a command and exit with its code."""
    _use_streams()
    try:
        code = main()
        sys.stdout.flush()
    except UserError as error:
        print_error(str(error))
        code = EXIT_USAGE
    except KeyboardInterrupt:
        print_error("Stopped.")
        code = 130
    except BrokenPipeError:
        drop_output()
        code = 0
    except OSError as error:
        if error.filename is None and error.strerror is None:
            raise
        where = f" {os.fsdecode(error.filename)}" if isinstance(error.filename, str | bytes) else ""
        print_error(f"The operating system refuses{where}: {error.strerror}.")
        drop_output()
        code = EXIT_USAGE
    sys.exit(code)


def print_error(sentence: str) -> None:
    """Print one line to standard error, its control characters replaced."""
    print(sanitize(brief(" ".join(sentence.split()), _MAX_SENTENCE)), file=sys.stderr, flush=True)


def drop_output() -> None:
    """Print to nowhere from now on: whoever read our output has seen enough, as ``head`` has."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _use_streams() -> None:
    """Closed standard streams read and write nothing; letters that the terminal's encoding lacks are escaped."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, mode))  # noqa: PTH123, SIM115  # open until the process ends
        elif name != "stdin" and hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
