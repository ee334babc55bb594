#!/usr/bin/env python3
"""All pictures of one run: each figure as its own PNG, and report.png with a headline and all of them."""

import sys

import numpy as np

import attribution
import links
import pipeline
import quantpipe
import style
import throughput
from run_directory import RunDirectory, RunError

NAME = "report.png"
HEADLINE_INCHES = 1.25


def latency_ms(run, share):
    written = ((run.summary or {}).get("latency_ms") or {}).get(f"p{share}")
    if written is not None:
        return float(written)
    return float(np.percentile(run.microbatches["latency_ms"], share)) if len(run.microbatches) else None


def images_per_s(run):
    if run.summary and run.summary.get("throughput_images_per_s") is not None:
        return float(run.summary["throughput_images_per_s"])
    return float(run.microbatches["images"].sum()) / run.duration if run.duration else 0.0


def accuracy_text(run):
    accuracy = (run.summary or {}).get("accuracy")
    if not accuracy or not accuracy.get("count"):
        return None
    right, count = accuracy["top1_correct"], accuracy["count"]
    return f"{100 * right / count:.1f} %", f"{right} of {count} images right"


def figures_of_merit(run):
    """[(value, its name)]"""
    merits = [(style.significant(images_per_s(run)), "images/s")]
    median, tail = latency_ms(run, 50), latency_ms(run, 95)
    if median is not None:
        merits.append((style.duration_text(median / 1e3),
                       f"latency p50 (p95 {style.duration_text(tail / 1e3)})"))
    accuracy = accuracy_text(run)
    if accuracy:
        merits.append(accuracy)
    return merits


def describe(run):
    manifest = run.manifest
    network = manifest.get("network") or {}
    images = int(run.microbatches["images"].sum())
    carried = " / ".join(network[key] for key in ("kind", "transport") if network.get(key))
    parts = [manifest.get("mode", ""), carried, counted(len(run.stage_numbers()), "stage"),
             counted(len(run.microbatches), "microbatch", "es"), counted(images, "image"),
             style.duration_text(run.duration), f"seed {manifest['seed']}" if "seed" in manifest else ""]
    return "  ·  ".join(part for part in parts if part)


def caveat_lines(run):
    lines = []
    if not run.finished:
        lines.append("INCOMPLETE: the run was killed; this is what it wrote until then.")
    for name, text in run.caveats:
        lines += style.wrapped(f"{'INCOMPLETE: ' if name == 'incomplete' else ''}{text}")
    return lines


def headline_inches(run):
    return HEADLINE_INCHES + 0.2 * max(0, len(caveat_lines(run)) - 1)


def counted(number, noun, ending="s"):
    return f"{number} {noun}{'' if number == 1 else ending}"


def headline(figure, run, inches):
    def at(from_top):
        return 1 - from_top / inches

    scenario = (run.manifest.get("scenario") or {}).get("name", run.path.name)
    figure.text(0.02, at(0.46), style.short(scenario, 32), fontsize=21, fontweight="bold", va="center")
    figure.text(0.02, at(0.84), describe(run), fontsize=10.5, color=style.QUIET, va="center")
    for number, line in enumerate(caveat_lines(run)):
        figure.text(0.02, at(1.08 + 0.2 * number), line, fontsize=9.5, color=style.VERMILLION, va="center",
                    fontweight="bold" if line.startswith("INCOMPLETE") else "normal")
    for place, (value, what) in enumerate(reversed(figures_of_merit(run))):
        right = 0.985 - 0.155 * place
        figure.text(right, at(0.46), value, fontsize=19, fontweight="bold", color=style.BLUE, ha="right",
                    va="center")
        figure.text(right, at(0.84), what, fontsize=9.5, color=style.QUIET, ha="right", va="center")
    figure.add_artist(style.rule(at(headline_inches(run))))


def parts_of(run):
    """The figures that apply to this run."""
    return [throughput, *([quantpipe] if quantpipe.adaptive(run) else []), pipeline,
            *([links] if len(run.links) else []), attribution]


def make(run):
    parts = parts_of(run)
    heights = {throughput: throughput.HEIGHT - 0.6, quantpipe: quantpipe.HEIGHT - 0.9,
               pipeline: pipeline.height(run) - 0.9, links: links.height(run) - 1.25,
               attribution: attribution.height(run) - 1.0}
    gap, top, bottom = 0.95, 0.5, 0.55
    inches = headline_inches(run) + top + bottom
    inches += sum(heights[part] for part in parts) + (len(parts) - 1) * gap
    inches += links.HEAD_INCHES if links in parts else 0
    figure = style.new_figure(inches)
    headline(figure, run, inches)
    y = inches - headline_inches(run) - top
    sides = {throughput: (0.065, 0.985), quantpipe: (0.065, 0.985), pipeline: (0.135, 0.985),
             links: (0.065, 0.985), attribution: (0.135, 0.875)}
    for part in parts:
        tall, (left, right) = heights[part], sides[part]
        y -= links.HEAD_INCHES if part is links else 0
        grid = figure.add_gridspec(1, 1, left=left, right=right, top=y / inches, bottom=(y - tall) / inches)
        part.draw(figure, grid[0], run)
        y -= tall + gap
    return figure


def main(arguments):
    if len(arguments) != 1 or arguments[0] in ("-h", "--help"):
        print("usage: report.py RUN_DIR   (writes report.png and each figure's PNG into it)", file=sys.stderr)
        return 0 if len(arguments) == 1 else 2
    try:
        run = RunDirectory(arguments[0])
    except RunError as error:
        print(f"error: {error}", file=sys.stderr)
        return 3
    for part in parts_of(run):
        style.save(style.captioned(part.make(run), run.caption), run.path / part.NAME)
    print(style.save(make(run), run.path / NAME))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
