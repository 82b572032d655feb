"""The page that asks for a name and a password, whole: it is shown to strangers, so it needs no other file.

login_html("attempt=3", "This name and password do not belong together.")
"""

from __future__ import annotations

from markupsafe import Markup

from app.ui.html.text import escaped, markup


def login_html(link: str, error: str = "") -> Markup:
    """The page; ``link`` is the query it comes back with, ``error`` why the last log-in failed."""
    alert, about = Markup(), Markup()
    if error:
        alert = markup('<p role="alert" id="error">{}</p>', escaped(error))
        about = markup(' aria-describedby="error" aria-invalid="true"')
    return markup(_PAGE, link=escaped(link), alert=alert, about=about)


_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>Log in to iSUMp</title>
<link rel="icon" href="data:,">
<style>
:root {{ color-scheme: light dark; --text: #1e293b; --quiet: #475569; --ground: #f8fafc; --box: #fff; --line: #94a3b8;
  --accent: #4f46e5; --bad: #991b1b; --bad-ground: #fee2e2; }}
@media (prefers-color-scheme: dark) {{ :root {{ --text: #f1f5f9; --quiet: #cbd5e1; --ground: #0b0f19; --box: #1f2937;
  --line: #64748b; --bad: #fecaca; --bad-ground: #7f1d1d; }} }}
* {{ box-sizing: border-box; }}
body {{ margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 1rem; color: var(--text);
  background: var(--ground); font: 16px/1.5 ui-sans-serif, system-ui, sans-serif; }}
main {{ width: 100%; max-width: 23rem; padding: 1.75rem; border: 1px solid var(--line); border-radius: 12px;
  background: var(--box); }}
h1 {{ margin: 0; font-size: 1.6rem; line-height: 1.2; }}
p {{ margin: .35rem 0 1.1rem; color: var(--quiet); }}
[role="alert"] {{ padding: .5rem .75rem; border-radius: 8px; color: var(--bad); background: var(--bad-ground); }}
label {{ display: block; margin-bottom: .9rem; font-weight: 600; }}
input {{ display: block; width: 100%; margin-top: .25rem; padding: .55rem .7rem; border: 1px solid var(--line);
  border-radius: 8px; color: inherit; background: var(--ground); font: inherit; }}
button {{ width: 100%; padding: .6rem; border: 0; border-radius: 8px; color: #fff; background: var(--accent);
  font: inherit; font-weight: 600; cursor: pointer; }}
:is(input, button):focus-visible {{ outline: 3px solid #818cf8; outline-offset: 1px; }}
</style>
</head>
<body>
<main>
<h1>iSUMp</h1>
<p>Step-by-step reasoning with a bounded context</p>
{alert}
<form method="post" action="/login">
<input type="hidden" name="link" value="{link}">
<label>Name <input name="username" autocomplete="username" autocapitalize="none" spellcheck="false" maxlength="64"
  required autofocus{about}></label>
<label>Password <input name="password" type="password" autocomplete="current-password" maxlength="1024"
  required{about}></label>
<button>Log in</button>
</form>
</main>
</body>
</html>
"""
