"""Chinese in two scripts: what is typed in one finds articles in the other. The only user of opencc.

A Taiwanese article and a question typed in Simplified characters share few characters: right evidence
in the first five falls from .90 to .72, and comes back to .90 with the question in the articles' script
(39 questions on zh-tw, docs/measurements.md).
"""

from __future__ import annotations

from functools import cache

import opencc

from indexer.locales import writes_traditional


def simplify(text: str) -> str:
    """`text` in Simplified characters: the form in which Chinese terms are compared."""
    return text if text.isascii() else str(_converter("t2s").convert(text))


def in_script_of(locale: str, text: str) -> str:
    """`text` in the script of a Chinese locale; unchanged for other locales and where it is already.

    Text for a Traditional locale is changed only where it holds no Traditional character: a character
    that both scripts share (台) is right as it was typed.
    """
    if not locale.startswith("zh") or text.isascii():
        return text
    if not writes_traditional(locale):
        return simplify(text)
    return str(_converter("s2t").convert(text)) if simplify(text) == text else text


@cache
def _converter(name: str) -> opencc.OpenCC:
    return opencc.OpenCC(name)
