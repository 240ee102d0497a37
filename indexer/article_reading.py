"""Articles from files to passages: one after the other, or by several processes for a large corpus.

What is read comes back in the order asked for, so that the number of processes changes no byte of an
index. A worker is a new process, not a copy of this one, whose threads a copy would break; it loads
the tokenizer once. It sees no Ctrl-C, which is the build's to answer, and it ends when the build does,
however that ends.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache, partial
from multiprocessing import get_context, parent_process
from multiprocessing.connection import wait
from typing import Protocol

from indexer.article_files import ArticleFiles, Unread, parse_article
from indexer.docfx import ArticleParser
from indexer.errors import CorpusError
from indexer.model_tokens import CountTokens
from indexer.passages import PassageOptions, split_article
from indexer.records import Passage

# Articles that a worker is sent at a time: some 0.2 s of work, so that Ctrl-C is soon answered.
_TASK_ARTICLES = 4

# Reads articles in the order given.
ReadArticles = Callable[[Sequence[ArticleFiles]], Iterator["ReadArticle"]]


class OpenCounter(Hashable, Protocol):
    """Makes a token counter in a worker: picklable, and equal to its copy there."""

    def __call__(self) -> CountTokens:
        """Load what counting needs."""
        ...


@dataclass(frozen=True, slots=True)
class ReadArticle:
    """An article's passages in reading order, none where it wasn't read, and the files that gave nothing."""

    passages: tuple[Passage, ...]
    unread: tuple[Unread, ...]


class ArticleReader:
    """Reads articles in this process."""

    def __init__(self, count_tokens: CountTokens, options: PassageOptions) -> None:
        self._count_tokens = count_tokens
        self._options = options
        self._parser = ArticleParser()

    def read(self, files: ArticleFiles) -> ReadArticle:
        """Parse an article and cut it into passages."""
        parsed = parse_article(files, self._parser)
        if parsed.article is None:
            return ReadArticle((), parsed.unread)
        passages = split_article(parsed.article, self._count_tokens, self._options)
        return ReadArticle(tuple(passages), parsed.unread)


@dataclass(slots=True)
class ReadLocale:
    """What was read of a locale: its passages in order, how many articles they are of, and what gave none."""

    passages: list[Passage] = field(default_factory=list)
    articles: int = 0
    unread: list[Unread] = field(default_factory=list)


def read_locale(
    read: Iterable[ReadArticle], note: Callable[[Sequence[Unread]], None], progress: Callable[[int], None]
) -> ReadLocale:
    """Collect a locale's articles as they are read; `note` is told of what gave none as it comes."""
    found = ReadLocale()
    for article in read:
        found.passages += article.passages
        found.articles += bool(article.passages)
        found.unread += article.unread
        note(article.unread)
        progress(1)
    return found


@contextmanager
def open_reading(
    count_tokens: CountTokens, open_counter: OpenCounter, options: PassageOptions, *, processes: int
) -> Iterator[ReadArticles]:
    """Give a function that reads articles, in this process or in so many others; these are gone at the end.

    This process counts with `count_tokens`, another one opens its own counter.
    Raises: CorpusError where one of them is killed.
    """
    if processes == 1:
        reader = ArticleReader(count_tokens, options)
        yield partial(map, reader.read)
        return
    pool = ProcessPoolExecutor(processes, mp_context=get_context("spawn"), initializer=_end_with_parent)

    def read(articles: Sequence[ArticleFiles]) -> Iterator[ReadArticle]:
        with _interrupts_held():  # the first tasks start the workers, which inherit it
            return pool.map(partial(_read, open_counter, options), articles, chunksize=_TASK_ARTICLES)

    try:
        yield read
    except BrokenProcessPool as error:
        raise CorpusError(
            "a process that read articles was killed (was the memory full?): build again with --threads 1"
        ) from error
    finally:
        pool.shutdown(cancel_futures=True)


def _read(open_counter: OpenCounter, options: PassageOptions, files: ArticleFiles) -> ReadArticle:
    return _open_reader(open_counter, options).read(files)


@lru_cache(maxsize=1)
def _open_reader(open_counter: OpenCounter, options: PassageOptions) -> ArticleReader:
    return ArticleReader(open_counter(), options)


def _end_with_parent() -> None:
    """Leave no worker behind a build that was killed: waiting for tasks, it would never know."""
    parent = parent_process()
    if parent is not None:
        threading.Thread(target=_exit_after, args=(parent.sentinel,), daemon=True).start()


def _exit_after(sentinel: int) -> None:
    wait([sentinel])
    os._exit(1)


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """Let Ctrl-C wait; processes started here never see it."""
    held = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, held)
