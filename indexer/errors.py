"""Every error that the indexer raises on purpose.

    IndexerError
    ├── ArticleError          an article can't be read; names the file and the line
    ├── CorpusError           a folder of articles can't be used as a corpus
    ├── ModelError            an embedding model can't be found, converted or loaded
    ├── IndexMissing          the folder holds no published generation
    ├── IndexCorrupt          a generation's files differ from its manifest
    ├── IndexBusy             another process is writing this index
    ├── PublishError          a generation can't be written or published (disk, permissions)
    ├── UnknownLocale         the index has no locale that serves the one asked for
    ├── UnknownPassage        the generation has no passage of this id
    ├── UnknownArticle        a locale has no article of this path
    ├── QuestionError         a question can't be searched (empty, too long)
    └── AnswererMissing       what answers questions, for measuring, is not installed

Each message says what, where, and what to do.
"""

from __future__ import annotations

from collections.abc import Sequence


class IndexerError(Exception):
    """The root of the indexer's errors."""


class ArticleError(IndexerError):
    """An article can't be read. `path` is the file as given, `line` starts at 1."""

    def __init__(self, path: str, line: int | None, reason: str) -> None:
        """Keep the place beside the message `path:line: reason`."""
        self.path = path
        self.line = line
        self.reason = reason
        where = path if line is None else f"{path}:{line}"
        super().__init__(f"{where}: {reason}")


class CorpusError(IndexerError):
    """A folder can't be used as a corpus."""


class ModelError(IndexerError):
    """An embedding model can't be found, converted or loaded."""


class IndexMissing(IndexerError):
    """The index folder holds no published generation."""


class IndexCorrupt(IndexerError):
    """A generation's files differ from its manifest; the message names the first such file."""


class IndexBusy(IndexerError):
    """Another process is writing this index."""


class PublishError(IndexerError):
    """A generation can't be written or published."""


class UnknownLocale(IndexerError):
    """The index has no locale that serves the one asked for."""

    def __init__(self, asked: str, available: Sequence[str]) -> None:
        """Keep what was asked for and what there is."""
        self.asked = asked
        self.available = tuple(available)
        super().__init__(f"no articles in locale {asked!r}; there are: {', '.join(available) or 'none'}")


class UnknownPassage(IndexerError):
    """The generation has no passage of this id."""


class UnknownArticle(IndexerError):
    """A locale has no article of this path."""


class QuestionError(IndexerError):
    """A question can't be searched."""


class AnswererMissing(IndexerError):
    """The module that answers questions, or one that it imports, is not installed."""
