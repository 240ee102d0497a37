"""Tests of the widget and its pages in a real browser, on pages of another origin."""
