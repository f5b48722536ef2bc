"""Read recipes from a waste analysis: ``recipe = { file = "waste.csv", stream = "bin" }``.

What a product is made of is then what was found in that stream; the file lies beside the chain's
(:mod:`stillage_sim.sources.waste` describes its two forms).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from stillage.errors import BadInput
from stillage_sim.chain.file.errors import shown
from stillage_sim.sources.csvfile import inside
from stillage_sim.sources.waste import read_composition


def read_recipes(products: Any, folder: Path | None, label: str) -> dict[str, str]:
    """Replace recipes that name a file by shares; return their sources by path of key.

    Raises
    ------
    BadInput
        If there is no folder to find a file in, the file is not inside of it or no composition,
        or it lacks the stream.
    """
    sources = {}
    for name, product in products.items() if isinstance(products, Mapping) else ():
        recipe = product.get("recipe") if isinstance(product, dict) else None
        if isinstance(recipe, Mapping) and isinstance(recipe.get("file"), str):
            key = f"products.{name}.recipe"
            product["recipe"] = _shares(recipe, folder, f"{label}: {key}")
            sources[key] = f"{recipe['file']}, {recipe['stream']}"
    return sources


def _shares(recipe: Mapping[str, Any], folder: Path | None, where: str) -> dict[str, float]:
    stream = recipe.get("stream")
    if set(recipe) != {"file", "stream"} or not isinstance(stream, str):
        raise BadInput(where, shown(dict(recipe)), "a file and a stream, or materials")
    if folder is None:
        raise BadInput(where, f"file {recipe['file']!r}", "a folder to find it in")
    path = inside(folder, recipe["file"], where)
    try:
        found = read_composition(path)
    except BadInput as error:
        raise BadInput(f"{where}: {error}") from None
    if stream not in found.streams:
        raise BadInput(f"{where}.stream", repr(stream), f"one of {', '.join(found.streams)}")
    row = found.share[found.streams.index(stream)].tolist()
    return {material: share for material, share in zip(found.materials, row, strict=True) if share}
