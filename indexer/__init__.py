"""Docsets in, an index generation out, and reading it back.

This is the reading API: what a service or a notebook needs, and the records by which a service lets
itself be measured. Building is `indexer.build`, measuring `indexer.evaluation` and its neighbours.
"""

from indexer.answers import Answered, Answerer, Quote
from indexer.errors import (
    AnswererMissing,
    ArticleError,
    CorpusError,
    IndexBusy,
    IndexCorrupt,
    IndexerError,
    IndexMissing,
    ModelError,
    PublishError,
    QuestionError,
    UnknownArticle,
    UnknownLocale,
    UnknownPassage,
)
from indexer.following import IndexFollower
from indexer.locales import SOURCE_LOCALE, nearest_locale, normalise_locale
from indexer.questions import Question, read_questions
from indexer.reading import Index, LocaleSummary, open_index
from indexer.records import (
    Block,
    BlockKind,
    Drift,
    Edition,
    Filters,
    Hit,
    Passage,
    Ranking,
    Scores,
    Sentence,
    Translation,
    TranslationType,
    Turn,
)
from indexer.sentences import split_sentences

__all__ = [
    "SOURCE_LOCALE",
    "Answered",
    "Answerer",
    "AnswererMissing",
    "ArticleError",
    "Block",
    "BlockKind",
    "CorpusError",
    "Drift",
    "Edition",
    "Filters",
    "Hit",
    "Index",
    "IndexBusy",
    "IndexCorrupt",
    "IndexFollower",
    "IndexMissing",
    "IndexerError",
    "LocaleSummary",
    "ModelError",
    "Passage",
    "PublishError",
    "Question",
    "QuestionError",
    "Quote",
    "Ranking",
    "Scores",
    "Sentence",
    "Translation",
    "TranslationType",
    "Turn",
    "UnknownArticle",
    "UnknownLocale",
    "UnknownPassage",
    "nearest_locale",
    "normalise_locale",
    "open_index",
    "read_questions",
    "split_sentences",
]
