"""What a build refuses: locales that aren't there, can't be kept or shrank, and files that can't be read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from indexer.corpus import Corpus
from indexer.errors import CorpusError, IndexCorrupt
from indexer.generation import LocaleEntry
from indexer.locales import SOURCE_LOCALE
from indexer.model import PreparedModel
from indexer.predecessor import Predecessor

# A locale with so many times fewer passages than before was hardly meant (reliability: P5).
SHRINK = 10


def locales_to_build(corpus: Corpus, wanted: Sequence[str] | None) -> list[str]:
    """The wanted locales, or all that the corpus has, sorted.

    Raises: CorpusError naming those that it doesn't have.
    """
    available = [*corpus.files, *([SOURCE_LOCALE] if corpus.derives_source else [])]
    if wanted is None:
        return sorted(available)
    if missing := sorted(set(wanted) - set(available)):
        raise CorpusError(
            f"no articles in {', '.join(missing)}; of the locales asked for, the corpus holds: "
            f"{', '.join(sorted(set(wanted) & set(available)))}"
        )
    return sorted(set(wanted))


def kept_locales(last: Predecessor | None, locales: Sequence[str], model: PreparedModel) -> list[str]:
    """The locales of the last generation that a build of `locales` says nothing of: they stay, sorted.

    Raises: CorpusError, IndexCorrupt where they can't stay.
    """
    others = [] if last is None else sorted(last.locales - set(locales))
    if last is None or not others:
        return []
    named, way_out = ", ".join(others), "name their articles too, or drop them with --prune"
    if last.damage is not None:
        raise IndexCorrupt(f"{last.damage}; it also holds {named}: {way_out}")
    if not last.is_made_with(model.fingerprint):
        raise CorpusError(
            f"the index also holds {named}, embedded with {last.model_name}, not {model.name}: {way_out}"
        )
    return others


def refuse_failures(corpus: Corpus) -> None:
    """Raise CorpusError where any file can't be read."""
    if corpus.failed:
        raise CorpusError(f"--strict stops here{first_failure(corpus)}")


def refuse_shrinking(before: Mapping[str, LocaleEntry], passages: Mapping[str, int], corpus: Corpus) -> None:
    """Raise CorpusError where a locale is left with a tenth of its passages or less."""
    for locale, count in passages.items():
        entry = before.get(locale)
        if entry is not None and count * SHRINK <= entry.passages:
            raise CorpusError(
                f"{locale} would shrink from {entry.passages:,} passages to {count:,}, so nothing was "
                f"published: check the corpus, or add --allow-shrink where it is meant{first_failure(corpus)}"
            )


def first_failure(corpus: Corpus) -> str:
    """How many files can't be read, and the first one, to end a message with; "" where all can."""
    if not corpus.failed:
        return ""
    first = corpus.failed[0]
    where = first.file if first.line is None else f"{first.file}:{first.line}"
    return f"; files that can't be read: {len(corpus.failed)}, the first is {where}: {first.reason}"
