"""Names of products in the reader's own script ("微軟"), put as the articles put them ("Microsoft").

People write a vendor's names as they say them, translated articles as the vendor writes them: then
neither the words nor the vectors of the two meet. The other way round it would go wrong as well: the
Russian articles do write "Майкрософт". So the articles decide.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import cache
from importlib.resources import files


def name_as_written(text: str, rows_with: Callable[[str], int]) -> str:
    """`text` with each name in the form that more rows of the articles have.

    `rows_with` gives the number of rows with a name.
    """
    if text.isascii():
        return text

    def put(found: re.Match[str]) -> str:
        name = _names()[found[1].casefold()]
        return f" {name} " if rows_with(name) > rows_with(found[1]) else found[0]

    named = _pattern().sub(put, text)
    return named if named == text else named.strip()


@cache
def _names() -> dict[str, str]:
    """The vendor's form by the folded other forms."""
    table = json.loads(files("indexer").joinpath("names.json").read_text("utf-8"))
    return {form.casefold(): name for name, forms in table.items() for form in forms}


@cache
def _pattern() -> re.Pattern[str]:
    # Longer forms first: one may begin with another.
    forms = sorted(_names(), key=lambda form: (-len(form), form))
    return re.compile(rf"\s*({'|'.join(map(re.escape, forms))})\s*", re.IGNORECASE)
