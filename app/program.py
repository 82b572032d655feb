"""What surrounds every command: standard streams, signals, exit codes, and errors that nobody expected.

    run(lambda: command(sys.argv[1:]).run())

Exit codes: what the command returns; 2 for what the user can mend, said in one sentence; 70 for a fault of the program,
said in one sentence that names the log file, which has the traceback; 130, 143 and 129 when Ctrl-C, a termination or
the end of the terminal stopped it, which all stop it alike.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import NoReturn

from app.starting import open_closed_streams, unexpected
from app.text import sanitize
from prompts.brief import brief
from prompts.values import UserError

UNUSABLE = 2
FAULT = 70
"""``EX_SOFTWARE`` of sysexits.h."""
WIDEST = 10_000
"""Columns or lines; a terminal that claims to be larger is not believed."""

_LONGEST_SENTENCE = 2_000
"""Characters; a sentence may quote a path or an option of any length."""
_STOPS = ("SIGTERM", "SIGHUP")


def run(main: Callable[[], int]) -> NoReturn:
    """Run a command and exit with its code; see above for what becomes of errors and signals."""
    open_closed_streams()
    _forget_impossible_terminals()
    with _log(), _signals() as stopped_by:
        code = _result(main)
        if stopped_by:
            code = 128 + stopped_by[0]
        code = _flush(code)
    sys.exit(code)


def _result(main: Callable[[], int]) -> int:
    """The exit code of ``main``, whatever it raises."""
    try:
        return main()
    except UserError as error:
        _say(str(error))
        return UNUSABLE
    except KeyboardInterrupt:
        _say("Stopped.")
        return 128 + signal.SIGINT
    except SystemExit as error:
        if isinstance(error.__context__, BrokenPipeError):  # rich ends the program like this
            return 0
        return error.code if isinstance(error.code, int) else int(error.code is not None)
    except BrokenPipeError:  # whoever read our output has seen enough
        return 0
    except BaseException as error:
        return tell(error)


def tell(error: BaseException) -> int:
    """Log what nobody expected and say it in one sentence; the exit code of the process."""
    from app.log import log_path, set_up_log

    set_up_log()
    kind = type(error).__name__
    logging.getLogger("app").critical("unexpected %s", kind, exc_info=error)
    path = log_path()
    written = os.access(path, os.W_OK) and path.is_file()
    if isinstance(error, MemoryError):
        _say("There is not enough memory for this: take a smaller model, or do less at once.")
        return UNUSABLE
    if isinstance(error, OSError) and error.strerror:
        where = f" {os.fsdecode(error.filename)}" if isinstance(error.filename, str | bytes) else ""
        _say(f"The operating system refuses{where}: {error.strerror}{f' (more in {path})' if written else ''}.")
        return UNUSABLE
    how = f"with the file {path}" if written else "after running it once more with ISUMP_LOG=FILE, with that file"
    _say(f"An unexpected {kind} ended this: it is a fault of isump, please report it {how}.")
    return FAULT


def _in_thread(failed: threading.ExceptHookArgs) -> None:
    if failed.exc_value is not None and not isinstance(failed.exc_value, SystemExit):
        tell(failed.exc_value)


def _unraisable(failed: sys.UnraisableHookArgs) -> None:
    if not isinstance(failed.exc_value, KeyboardInterrupt):
        logging.getLogger("app").error("ignored in %r", failed.object, exc_info=failed.exc_value)


def _say(sentence: str) -> None:
    with suppress(OSError, ValueError):  # nobody reads it
        print(sanitize(brief(" ".join(sentence.split()), _LONGEST_SENTENCE)), file=sys.stderr, flush=True)


@contextmanager
def _log() -> Iterator[None]:
    """What threads, tasks, destructors and libraries complain of goes to the log file meanwhile, not to the screen."""
    from app.log import set_up_log

    before = threading.excepthook, sys.unraisablehook
    handler = set_up_log()
    threading.excepthook, sys.unraisablehook = _in_thread, _unraisable
    logging.captureWarnings(True)
    try:
        yield
    finally:
        if sys.excepthook is not unexpected:  # called by another program, which has more to do
            logging.captureWarnings(False)
            threading.excepthook, sys.unraisablehook = before
            logging.getLogger().removeHandler(handler)
            handler.close()


@contextmanager
def _signals() -> Iterator[list[int]]:
    """Whatever asks the program to end stops it as Ctrl-C does; yields the list that such a signal's number gets into.

    A signal that was ignored, as ``nohup`` has it, stays ignored.
    """
    came: list[int] = []

    def stop(number: int, frame: FrameType | None) -> None:
        came.append(number)
        interrupt = signal.getsignal(signal.SIGINT)  # asyncio has its own, which lets tasks end in order
        if not callable(interrupt):
            raise KeyboardInterrupt
        interrupt(number, frame)

    if threading.current_thread() is not threading.main_thread():
        yield came
        return
    numbers = [getattr(signal, name) for name in _STOPS if hasattr(signal, name)]
    before = {number: signal.getsignal(number) for number in (*numbers, signal.SIGINT)}
    ours: dict[int, Callable[[int, FrameType | None], None]] = dict.fromkeys(numbers, stop)
    for number, handler in (ours | {signal.SIGINT: signal.default_int_handler}).items():
        if before[number] is signal.SIG_DFL:
            signal.signal(number, handler)
    try:
        yield came
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _forget_impossible_terminals() -> None:
    """Sizes of a terminal that cannot be are as if they had not been given; rich would draw lines of any length."""
    for name in ("COLUMNS", "LINES", "JUPYTER_COLUMNS", "JUPYTER_LINES"):
        given = os.environ.get(name, "1")
        if not (given.isascii() and given.isdecimal() and len(given) < 9 and 1 <= int(given) <= WIDEST):
            del os.environ[name]


def _flush(code: int) -> int:
    """Write out what was printed while an error can still be told; the exit code after it."""
    try:
        sys.stdout.flush()
    except (OSError, ValueError) as error:
        with suppress(OSError, ValueError):  # or else Python tries again when it ends, and complains
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if isinstance(error, BrokenPipeError):
            return code
        if not code:
            _say(f"The output could not be written: {getattr(error, 'strerror', None) or error}.")
        return code or UNUSABLE
    return code
