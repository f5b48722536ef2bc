"""Render HTML from templates in which every name is escaped."""

from __future__ import annotations

import functools
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from stillage.report import words


@functools.cache
def _environment() -> Environment:
    made = Environment(
        loader=PackageLoader("stillage.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals["words"] = words
    return made


def render(template: str, **values: Any) -> Markup:
    """Render the template ``NAME.html.j2`` with ``values``; strings in them are escaped.

    >>> "&lt;b&gt;" in render("page", title="<b>", kind="", answer="", sections=[], footer="")
    True
    """
    return Markup(_environment().get_template(f"{template}.html.j2").render(**values))  # noqa: S704
