"""Which rows refer to what is stored once, as SQL: what is used, what is searched, and what nobody refers to."""

from __future__ import annotations

TEXT_COLUMNS = (
    ("runs", "identity"),
    ("runs", "item_hashes"),
    ("attempts", "question"),
    ("attempts", "context"),
    ("attempts", "settings"),
    ("attempts", "completion"),
    ("steps", "thought"),
    ("memories", "text"),
    ("calls", "output"),
    ("calls", "layout"),
    ("calls", "schema"),
)
"""Tables and their columns that hold the id of a text; the parts of a prompt are one more place, a JSON list."""

PROMPT_PARTS = "SELECT part.value FROM calls, json_each(calls.prompt) AS part WHERE json_valid(calls.prompt)"
USED_TEXTS = " UNION ".join(
    [*(f"SELECT {column} FROM {table} WHERE {column} IS NOT NULL" for table, column in TEXT_COLUMNS), PROMPT_PARTS]
)
USED_MEMORIES = "SELECT memory_before FROM steps UNION SELECT memory_after FROM steps"
USED_KINDS = "SELECT kind FROM findings"

UNUSED = {
    "finding_kinds": f"id NOT IN ({USED_KINDS})",
    "memories": f"id NOT IN ({USED_MEMORIES})",
    "texts": f"id NOT IN ({USED_TEXTS})",
}
"""What nobody refers to, in the order in which it can be removed: a memory refers to its text."""

SEARCHED_TEXTS = (
    "SELECT thought FROM steps WHERE thought IS NOT NULL UNION SELECT text FROM memories"
    " UNION SELECT question FROM attempts"
)
"""The texts that words are found in."""

UNSEARCH = (
    "INSERT INTO texts_fts (texts_fts, rowid, text) SELECT 'delete', id, text FROM texts"
    f" WHERE id IN (SELECT id FROM texts_fts_docsize) AND id NOT IN ({SEARCHED_TEXTS})"
)
"""Takes what is no longer searched out of the index; it needs the texts, and so comes before their removal."""
