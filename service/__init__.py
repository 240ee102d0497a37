"""Question in, cited answer out: the HTTP service over an index that the indexer wrote.

It imports from `indexer` only what `indexer` itself exports, and no model framework.
"""
