"""A request that is not answered, and the response that says why in a sentence.

raise Refusal(413, "The request is too large.", closes=True)
"""

from __future__ import annotations

from starlette.responses import JSONResponse, Response


class Refusal(Exception):
    """Why a request is not answered.

    Args:
        status: The HTTP status, 4xx, or 503 for a server that is busy.
        sentence: What the visitor reads.
        closes: Whether the connection is closed, because more of the request may follow.
        retry: Seconds after which it may be tried again.
    """

    def __init__(self, status: int, sentence: str, *, closes: bool = False, retry: float | None = None) -> None:
        super().__init__(sentence)
        self.status, self.sentence = status, sentence
        self.headers: dict[str, str] = {"Cache-Control": "no-store"}
        if closes:
            self.headers["Connection"] = "close"
        if retry is not None:
            self.headers["Retry-After"] = str(max(1, round(retry + 0.5)))

    def response(self) -> Response:
        """The response, in the form that Gradio's page shows as an error."""
        return JSONResponse({"error": self.sentence, "detail": self.sentence}, self.status, self.headers)
