"""Give Markdown the docstrings that were written for people and for doctest.

A griffe extension that `mkdocs.yml` names. Our docstrings hold examples without a heading, a few
roles of reStructuredText and paragraphs that end in two colons; Markdown knows none of these.
"""

from __future__ import annotations

import re
from typing import Any

import griffe

_EXAMPLES = re.compile(r"^Examples\n-+$", re.M)
_FIRST_EXAMPLE = re.compile(r"^>>> ", re.M)
_ROLE = re.compile(r":(?:class|func|meth|mod|attr|data|obj):`~?([^`]+)`")
_TWO_COLONS = re.compile(r"::$", re.M)


def as_markdown(text: str) -> str:
    """Return a docstring with its examples under a heading of their own, and without roles."""
    if not _EXAMPLES.search(text):
        text = _FIRST_EXAMPLE.sub("Examples\n--------\n>>> ", text, count=1)
    return _TWO_COLONS.sub(":", _ROLE.sub(r"`\1`", text))


class Docstrings(griffe.Extension):
    """Rewrite every docstring as it is collected, before it is parsed."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        """Rewrite the docstring of a module, class, function or attribute, where it has one."""
        if obj.docstring:
            obj.docstring.value = as_markdown(obj.docstring.value)
