"""No HTML of the page is made but by ``markup``, whose templates are literals, so pyright sees every unescaped text."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import app.ui

FOLDER = Path(app.ui.__file__).parent
FILES = sorted(FOLDER.rglob("*.py"))
_HTML = re.compile(r"</?[a-zA-Z]|<!--|&(#x?[0-9a-fA-F]+|[a-zA-Z]+);|[a-z-]+=\"")


def offences(source: str, may_make_markup: bool = False) -> list[str]:
    """Where a module makes HTML in another way than by a literal template of ``markup``."""
    tree = ast.parse(source)
    allowed = set(_docstrings(tree))
    assigned = _local_templates(tree)
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        if isinstance(call.func, ast.Name) and call.func.id == "markup" and call.args:
            template = call.args[0]
            allowed.update(assigned.get(template.id, ()) if isinstance(template, ast.Name) else ast.walk(template))
    found = list[str]()
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in allowed:
            if _HTML.search(node.value):
                found.append(f"line {node.lineno}: HTML outside markup(...): {node.value[:60]!r}")
        elif isinstance(node, ast.JoinedStr) and any(part in allowed for part in ast.walk(node)):
            found.append(f"line {node.lineno}: an f-string is the template of markup(...)")
        elif isinstance(node, ast.Call) and ast.unparse(node.func) == "Markup" and node.args and not may_make_markup:
            found.append(f"line {node.lineno}: Markup(...) of a text")
    return found


def _docstrings(tree: ast.Module) -> Iterator[ast.AST]:
    """Strings that are statements of their own."""
    yield from (node.value for node in ast.walk(tree) if isinstance(node, ast.Expr))


def _local_templates(tree: ast.Module) -> dict[str, list[ast.AST]]:
    """The literals that are assigned to names, for templates too long for the call."""
    found: dict[str, list[ast.AST]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant | ast.JoinedStr):
            for target in node.targets:
                if isinstance(target, ast.Name):
                    found.setdefault(target.id, []).extend(ast.walk(node.value))
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(FOLDER)))
def test_html_is_made_by_markup_only(path: Path) -> None:
    assert offences(path.read_text("utf-8"), may_make_markup=path.name == "text.py") == []


@pytest.mark.parametrize(
    "source",
    [
        'f"<b>{text}</b>"',
        '"<b>%s</b>" % text',
        '"<b>" + text',
        '"<b>{}</b>".format(text)',
        '"".join(("<li>", text))',
        'markup(f"<b>{text}</b>")',
        'template = f"<b>{text}</b>"\nmarkup(template)',
        "Markup(text)",
        'gr.HTML("<br>")',
        'f"{text} &middot;"',
        "f' class=\"{text}\"'",
    ],
)
def test_other_ways_to_make_html_are_found(source: str) -> None:
    assert offences(source)


@pytest.mark.parametrize("path", sorted((FOLDER / "html").glob("*.py")), ids=lambda path: path.name)
def test_functions_named_html_return_markup(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.FunctionDef) and node.name.endswith("_html"):
            assert node.returns is not None and ast.unparse(node.returns) == "Markup", node.name
