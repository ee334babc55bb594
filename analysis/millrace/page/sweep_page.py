"""A sweep as the data of a page."""

import os

from .. import colours
from ..sweep_results import FIGURES, SweepResults, student_t
from .html import page

GROUPS = 17  # colours that can be told apart


def sweep_page(path, target):
    """`target`: the file that the page goes to; links to runs are relative to its folder."""
    sweep = SweepResults(path)
    finished = sum(cell["finished"] for cell in sweep.cells)
    axes = [_variants(sweep)] if any(cell.get("variant") for cell in sweep.cells) else []
    axes += [_key(sweep, key) for key in sweep.keys]
    axes = [axis for axis in axes if len(set(axis["texts"])) > 1]
    figures = []
    for column, name, unit, factor in FIGURES:
        values = sweep.figure(column, factor)
        if any(value is not None for value in values) and (
            len(set(values)) > 1 or column == "throughput_images_per_s"
        ):
            figures.append({"name": name, "unit": unit, "values": values})
    data = {
        "kind": "sweep",
        "title": sweep.name,
        "axes": axes,
        "figures": figures,
        "count": len(sweep.cells),
        "finished": finished,
        "cells": {
            "name": [cell.get("name") or str(cell["position"]) for cell in sweep.cells],
            "status": [cell["status"] for cell in sweep.cells],
            "seed": [cell.get("seed") for cell in sweep.cells],
            "group": [cell.get("grp") for cell in sweep.cells],
            "folder": [_folder(sweep, cell, target) for cell in sweep.cells],
        },
        "caveats": [[text, count] for text, count in sweep.caveats.values()],
        "student": [student_t(degrees) for degrees in range(1, 200)],
        "colours": {
            "": colours.DEVICES[0],
            **{f"group:{at}": pair for at, pair in enumerate(colours.DEVICES[1:GROUPS])},
        },
    }
    return page(f"{sweep.name}: millrace sweep", data)


def _folder(sweep, cell, target):
    """A link to the run's page if it has one, else to its folder; None without."""
    folder = cell.get("run_directory")
    if not folder:
        return None
    place = folder if os.path.isabs(folder) else os.path.join(sweep.folder, folder)
    if not os.path.isdir(place):
        return None
    report = os.path.join(place, "report.html")
    return os.path.relpath(
        report if os.path.isfile(report) else place, os.path.dirname(os.path.abspath(target)) or "."
    )


def _variants(sweep):
    return {
        "name": "variant",
        "unit": "",
        "texts": [cell.get("variant") or "–" for cell in sweep.cells],
        "numbers": None,
    }


def _key(sweep, key):
    texts, numbers, unit = sweep.scaled(key)
    return {
        "name": key,
        "unit": unit,
        "texts": ["–" if text is None else text for text in texts],
        "numbers": numbers,
    }
