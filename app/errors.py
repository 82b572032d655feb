"""The errors a user can cause or mend; the command line prints each as one sentence and exits with code 2."""

from prompts.values import UserError


class BadInput(UserError):
    """A question, option or file that cannot be used as given."""


class ModelError(UserError):
    """A model that cannot be found, downloaded, verified or loaded."""


class StoreError(UserError):
    """A trace store that cannot be opened, read or written."""


class StoreBusy(StoreError):
    """Another process is writing the trace store, and an event loop cannot wait for it."""


class BackendError(UserError):
    """A request that a backend could not answer."""


class BackendUnavailable(BackendError):
    """No answer came: the server is absent, timed out or kept failing."""


class ContextOverflow(BackendError):
    """The prompt does not fit the model's context."""


class MissingKey(BackendError):
    """The server wants an API key that is absent or wrong."""
