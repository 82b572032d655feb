r"""Templates: ``prompts/<strategy>/<name>.txt`` with ``{{name}}`` placeholders, filled in one pass.

    render("isump/question", question="How many clips?")  -> "Question: How many clips?"

One pass means that a question holding ``{{memory}}`` stays as it was typed; ``$`` and single
braces are literal, since grade-school mathematics has "$12" and LaTeX has "\boxed{}".
"""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files

_PLACEHOLDER = re.compile(r"\{\{(\w+)\}\}")


class TemplateError(ValueError):
    """A template and the values for it do not fit; the message names every name that is missing or unused."""


@cache
def template(name: str) -> str:
    """The text of ``prompts/<name>.txt``, without newlines at its ends.

    Raises:
        TemplateError: there is no such template.
    """
    path = files("prompts").joinpath(f"{name}.txt")
    if not path.is_file():
        raise TemplateError(f"there is no template prompts/{name}.txt")
    return path.read_text(encoding="utf-8").strip("\n")


def fill(text: str, values: dict[str, str], *, name: str = "template") -> str:
    """Put ``values`` in place of the placeholders of ``text``, once: what was put in is not looked at again.

    Raises:
        TemplateError: a placeholder has no value, or a value has no placeholder.
    """
    wanted = set(_PLACEHOLDER.findall(text))
    missing, unused = sorted(wanted - values.keys()), sorted(values.keys() - wanted)
    if missing or unused:
        faults = [f"{label} {', '.join(names)}" for label, names in (("missing", missing), ("unused", unused)) if names]
        raise TemplateError(f"{name}: {'; '.join(faults)}")
    return _PLACEHOLDER.sub(lambda match: values[match[1]], text)


def render(name: str, **values: str) -> str:
    """Fill the template ``prompts/<name>.txt``; raises ``TemplateError`` as ``fill`` and ``template`` do."""
    return fill(template(name), values, name=f"prompts/{name}.txt")
