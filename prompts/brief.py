"""Shortens what somebody else wrote, to be quoted in a sentence."""


def brief(text: str, length: int = 80) -> str:
    """``text``, or its beginning and end when it is longer than ``length`` characters."""
    if len(text) <= length:
        return text
    return f"{text[: length // 2]} … {text[-length // 4 :]} ({len(text):,} characters)"
