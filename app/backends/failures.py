"""Why a server gave no usable answer, and the sentence that tells a person.

Every ``reason`` is one short line without control characters and without the key.
"""

from __future__ import annotations

from app.backends.wire import ServerError
from app.errors import BackendError, BackendUnavailable, ContextOverflow, MissingKey


class Failure(Exception):
    """Why a try failed; ``transient`` says whether another may succeed, ``after`` in how many seconds, if it told."""

    def __init__(self, reason: str, *, transient: bool = False, after: float | None = None) -> None:
        super().__init__(reason)
        self.reason, self.transient, self.after = reason, transient, after


class NoAnswer(Failure):
    """No connection, one that broke, or silence for too long."""

    def __init__(self, reason: str, *, timed_out: bool = False) -> None:
        super().__init__(reason, transient=True)
        self.timed_out = timed_out


class Redirected(Failure):
    """The server sends requests on to another address, which must not be given the key; the reason names it."""


class Unusable(Failure):
    """An answer that is not what OpenAI's API says it should be."""


class Refused(Failure):
    """An error that the server tells: by an HTTP ``status``, or in an answer that has begun, without one."""

    def __init__(self, reason: str, said: ServerError, status: int | None, after: float | None) -> None:
        self.status, self.said = status, said
        words = said.message.lower()
        self.overflows = said.overflows or (
            status in (None, 400, 413, 422, 500) and ("context length" in words or "context size" in words)
        )
        passing = status is not None and (status in (408, 429) or status >= 500)
        super().__init__(reason, transient=passing and not self.overflows, after=after)


def in_words(failure: Failure, server: str, model: str, tries: int) -> BackendError:
    """The error that tells a person of a failure of ``server`` after so many tries."""
    reason = failure.reason
    if isinstance(failure, Refused):
        return _refusal_in_words(failure, server, model, tries)
    if isinstance(failure, NoAnswer):
        hint = "is it running? Start it or pass another --base-url"
        if failure.timed_out:
            hint = "give it fewer requests at once or a longer timeout"
        return BackendUnavailable(f"{server} gave no answer in {tries} tries ({reason}): {hint}.")
    if isinstance(failure, Redirected):
        return BackendError(
            f"{server} sends requests on to {reason}, where the key must not go: pass that address as --base-url if "
            "you trust it."
        )
    return BackendError(
        f"{server} does not answer as OpenAI's would ({reason}): does --base-url end in /v1? If it does, use another "
        "server."
    )


def _refusal_in_words(failure: Refused, server: str, model: str, tries: int) -> BackendError:
    status, reason, said = failure.status, failure.reason, failure.said
    if status in (401, 403):
        return MissingKey(f"{server} wants an API key that may use {model or 'it'}: set OPENAI_API_KEY.")
    if failure.overflows:
        known = reason
        if said.prompt_tokens and said.context:
            known = f"it has {said.prompt_tokens} tokens, the context {said.context}"
        return ContextOverflow(f"The prompt does not fit the model's context ({known}): shorten it or raise --context.")
    if failure.transient:
        return BackendUnavailable(f"{server} failed {tries} times ({reason}): try again later.")
    if status is None:
        return BackendError(f"{server} broke off its answer ({reason}): try again.")
    if status == 404:
        return BackendError(f"{server} has no such page or model ({reason}): check --base-url and --model.")
    if "response_format" in reason or "json_schema" in reason:
        return BackendError(f"{server} takes no JSON schema ({reason}): use --memory-form text.")
    return BackendError(f"{server} refused the request ({reason}): change the request or use another server.")
