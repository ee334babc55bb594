"""One HTML file with everything in it: style, script, data. It loads nothing, and a policy in its head
forbids the browser to."""

import base64
import html
import json
from pathlib import Path

import numpy as np

ASSETS = Path(__file__).resolve().parent / "assets"
SCRIPTS = [
    "core",
    "timeline",
    "gantt",
    "path",
    "charts",
    "decisions",
    "frame",
    "runs",
    "sweep",
    "cells",
    "main",
]
KINDS = {"f8": "<f8", "f4": "<f4", "i4": "<i4", "u1": "u1"}
LARGEST = 15_000_000


def packed(values, kind):
    """An array as the page's script reads it (core.js, M.array); i4: not finite becomes -1."""
    values = np.asarray(values)
    if kind in ("i4", "u1"):
        values = np.where(np.isfinite(values), values, -1 if kind == "i4" else 0)
    return {"k": kind, "b": base64.b64encode(values.astype(KINDS[kind]).tobytes()).decode("ascii")}


def evenly(step, count):
    """The array 0, step, 2 step, …"""
    return {"step": float(step), "n": int(count)}


def page(title, data):
    """The text of the page."""
    style = (ASSETS / "page.css").read_text(encoding="utf-8")
    script = "\n".join((ASSETS / f"{name}.js").read_text(encoding="utf-8") for name in SCRIPTS)
    content = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=_plain)
    content = content.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy"
 content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:">
<link rel="icon" href="data:,">
<title>{html.escape(title)}</title>
<style>
{style}</style>
</head>
<body>
<a class="skip" href="#page">Skip to the report</a>
<main id="page"></main>
<noscript><p>This report draws its charts with JavaScript, which is switched off.</p></noscript>
<script type="application/json" id="data">{content}</script>
<script>
'use strict';
{script}</script>
</body>
</html>
"""


def _plain(value):
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"{type(value).__name__} is no data of a page")


def finite(value):
    """The number, or None where it is none: JSON has no NaN."""
    return float(value) if value is not None and np.isfinite(value) else None
