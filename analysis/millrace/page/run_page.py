"""Runs as the data of a page."""

import numpy as np

from .. import colours, scenario_text
from ..digest import BINS, ROWS, Digest
from ..words import describe, figures_of, merits
from . import series
from .html import LARGEST, finite, packed, page

QUANTILES = (0.5, 0.9, 0.95, 0.99, 0.999, 1.0)
MOST_KEPT, MOST_WORST = 60_000, 50
LONGEST_SCENARIO = 300_000
CURVE = 900  # points of a distribution


def digests_of(paths, wanted=(), told=None):
    """The runs, each with its share of what one page holds."""
    rows, bins = ROWS // len(paths), max(300, BINS // max(1, len(paths) // 3))
    return [Digest(path, rows, bins, wanted, told) for path in paths]


def page_of(digests):
    """The text of the page of these runs. Where it would be too large, it is made of less."""
    while True:
        text = _page_of(digests)
        if len(text.encode()) <= LARGEST or digests[0].is_small:
            return text
        digests = [run.smaller() for run in digests]


def _page_of(digests):
    labels = labels_of(digests)
    devices = list(dict.fromkeys(device for run in digests for device in run.devices))
    links = list(dict.fromkeys(link for run in digests for link in [*run.transfers.links, *run.rates]))
    title = digests[0].name if len({run.name for run in digests}) == 1 else "Runs compared"
    data = {
        "kind": "runs",
        "title": title,
        "panels": series.PANELS,
        "log": ["rate"] if _wide(digests) else [],
        "colours": colours.for_page(devices, links, len(digests)),
        "runs": [_run(run, at, label, len(digests)) for at, (run, label) in enumerate(zip(digests, labels))],
        "figures": figures_of(digests) if len(digests) > 1 else [],
        "differences": scenario_text.differences([run.scenario for run in digests]),
    }
    return page(f"{title}: millrace report", data)


def labels_of(digests):
    """No two runs have the same label: the folder's name, with as much of its path as it takes."""
    paths = [run.path.resolve() for run in digests]
    for depth in range(1, 12):
        labels = ["/".join(path.parts[-depth:]) for path in paths]
        if len(set(labels)) == len(labels):
            return labels
    return [f"{path} ({at + 1})" for at, path in enumerate(paths)]


def _wide(digests):
    """Whether rates of links span so much that a logarithmic axis reads better."""
    rates = np.concatenate(
        [np.zeros(0), *(own["rate_mbit_per_s"] for run in digests for own in run.rates.values())]
    )
    rates = rates[rates > 0]
    return bool(len(rates)) and rates.max() > 25 * np.percentile(rates, 10)


def _run(run, at, label, count):
    worst = np.argsort(run.created - run.completed, kind="stable")[:MOST_WORST]
    return {
        "index": at,
        "label": label,
        "path": str(run.path),
        "colour": f"run:{at}",
        "dash": at % 3 if count > 1 else 0,
        "describe": describe(run),
        "merits": merits(run),
        "caveats": run.caveats,
        "notes": run.notes(),
        "duration": run.duration,
        "series": series.of_run(run, f"run:{at}", count),
        "lines": _lines(run),
        "gantt": _gantt(run),
        "kept": _kept(run, worst, count),
        "worst": [int(each) for each in run.microbatch[worst]],
        "latency": _latency(run),
        "attribution": _attribution(run),
        "decisions": _decisions(run),
        "network": network(run),
        "scenario": _cut(run.scenario),
    }


def _cut(text):
    if len(text) <= LONGEST_SCENARIO:
        return text or "This run directory has no scenario.resolved.yaml."
    return text[:LONGEST_SCENARIO] + "\n# … the rest is in scenario.resolved.yaml\n"


def _lines(run):
    lines = [{"v": run.throughput, "name": "whole run"}] if run.throughput else []
    if run.target:
        lines.append({"v": float(run.target), "name": "target"})
    return lines


def _kept(run, worst, count):
    """The microbatches that can be looked up: all, or those of the windows and the slowest."""
    mask = np.ones(len(run.microbatch), dtype=bool)
    if len(mask) > MOST_KEPT // count:
        mask = run.windows.overlapping(run.created, run.completed)
        mask[worst] = True
    return {
        "number": packed(run.microbatch[mask], "i4"),
        "created": packed(run.created[mask], "f8"),
        "latency": packed((run.completed - run.created)[mask], "f4"),
    }


def _gantt(run):
    rows, stage_row, link_row = [], {}, {}
    numbers = run.transfers.links
    density = []
    busy, moving = run.stages.busy.result(), run.transfers.busy.result()
    for kind, key in run.rows_in_order():
        if kind == "stage":
            device = run.stages.devices[key]
            stage_row[key] = len(rows)
            rows.append(
                {
                    "kind": kind,
                    "stage": key,
                    "name": f"stage {key} · {device}",
                    "short": f"{key} {short(device, 9)}",
                    "colour": device,
                }
            )
            share = busy[key]
        else:
            link_row[numbers[key]] = len(rows)
            rows.append(
                {
                    "kind": kind,
                    "name": series.link_name(key),
                    "short": f"→ {short(key[1], 9)}",
                    "colour": f"{key[0]}>{key[1]}",
                }
            )
            share = moving[numbers[key]]
        density.append(packed(np.round(255 * np.clip(share, 0, 1)), "u1"))
    return {
        "rows": rows,
        "density": density,
        "whole": run.whole,
        "windows": [] if run.whole else [list(span) for span in run.windows.spans],
        "stage": _stage_entries(run, stage_row),
        "link": _link_entries(run, link_row),
    }


def short(name, limit):
    return name if len(name) <= limit else f"{name[:limit - 3]}…{name[-2:]}"


def _ordered(kept, rows, instant):
    row = np.array([rows.get(int(each), 0) for each in kept["row"]], dtype=float)
    order = np.lexsort((kept[instant], row))
    return row[order], order


def _stage_entries(run, rows):
    kept = run.stages.kept.result(run.stages.NAMES)
    row, order = _ordered(kept, rows, "started")
    at = {name: values[order] for name, values in kept.items()}
    begun = at["encoded"] - at["encode"]
    spans = {
        "wait": at["started"] - at["arrived"],
        "decode": at["decode"],
        "compute": at["computed"] - at["started"] - at["decode"],
        "blocked": begun - at["computed"],
        "encode": at["encode"],
        "send": at["sent"] - at["encoded"],
    }
    return {
        "row": packed(row, "u1" if len(rows) < 128 else "i4"),
        "microbatch": packed(at["microbatch"], "i4"),
        "bits": packed(at["bits"], "u1"),
        "bytes": packed(np.minimum(at["bytes"], 2**31 - 1), "i4"),
        "arrived": packed(at["arrived"], "f8"),
        **{name: packed(np.where(values > 5e-10, values, 0), "f4") for name, values in spans.items()},
    }


def _link_entries(run, rows):
    kept = run.transfers.kept.result(run.transfers.NAMES)
    row, order = _ordered(kept, rows, "submitted")
    at = {name: values[order] for name, values in kept.items()}
    return {
        "row": packed(row, "u1" if len(rows) < 128 else "i4"),
        "microbatch": packed(at["microbatch"], "i4"),
        "bytes": packed(np.minimum(at["bytes"], 2**31 - 1), "i4"),
        "submitted": packed(at["submitted"], "f8"),
        **{name: packed(at[name], "f4") for name in ("queued", "wire", "propagation")},
    }


def _latency(run):
    """The distribution: all points of few microbatches, else quantiles that get denser towards the tail."""
    count = len(run.latencies)
    if count == 0:
        return {"v": [], "p": [], "n": 0}
    ranks = np.arange(count)
    if count > CURVE:
        tail = count - 1 - np.unique(np.geomspace(1, count, CURVE // 3).astype(int) - 1)
        ranks = np.unique(np.concatenate([np.linspace(0, count - 1, CURVE * 2 // 3).astype(int), tail]))
    return {
        "v": packed(run.latencies[ranks], "f8"),
        "p": packed((ranks + 1) / count, "f8"),
        "n": count,
        "quantiles": [run.latency(share) for share in QUANTILES],
    }


def _attribution(run):
    stages = [
        {
            "label": f"stage {stage} · {run.stages.devices[stage]}",
            "colour": run.stages.devices[stage],
            "whole": run.duration,
            "parts": run.attribution(stage),
        }
        for stage in run.stage_numbers
    ]
    links = []
    for link in run.active_links:
        sums = run.transfers.sums[run.transfers.links[link]]
        parts = {"queue": sums["queued"], "wire": sums["wire"], "propagation": sums["propagation"]}
        links.append(
            {"label": series.link_name(link), "colour": f"{link[0]}>{link[1]}", "whole": 0, "parts": parts}
        )
    return {"stages": stages, "links": links}


def _decisions(run):
    made = run.decisions
    if made.count == 0:
        return None
    kept = made.kept.result(made.NAMES)
    kept["oldest"] = np.where(
        kept["oldest_sent_ns"] > 0, kept["time"] - kept["oldest_sent_ns"] * 1e-9, np.nan
    )
    columns = {
        name: packed(
            kept[name], "f8" if name == "time" else "f4" if name in ("bits", "observed", "oldest") else "i4"
        )
        for name in (
            "time",
            "link",
            "microbatch",
            "policy",
            "bits",
            "observed",
            "seen",
            "waiting",
            "in_flight",
            "in_flight_bytes",
            "ready",
            "ready_bytes",
            "oldest",
        )
    }
    columns["changed"] = packed(kept["changed"], "u1")
    count = len(kept["time"])
    note = (
        f"{made.count} decisions, {made.changed} changes of bits."
        if count == made.count
        else f"{made.count} decisions, {made.changed} changes of bits; of them {count} are in this page, "
        "the first changes and an even sample. The others are in decisions.csv."
    )
    return {
        "columns": columns,
        "links": [series.link_name(link) for link in made.links],
        "policies": made.policies,
        "note": note + " Choose a row to see the run around it.",
    }


def network(run):
    """Devices and links with their loads."""
    stages = {}
    for stage, device in run.stages.devices.items():
        stages.setdefault(device, []).append(stage)
    ends = [name for link in run.active_links for name in link]
    nodes = []
    for device in run.devices:
        own = sorted(stages.get(device, []))
        role = ", ".join(f"stage {stage}" for stage in own) or (
            "source or sink" if device in ends else "passes on"
        )
        nodes.append({"name": device, "mark": "/".join(map(str, own)) or "•", "text": role})
    links = []
    for link in dict.fromkeys([*run.active_links, *run.transfers.links, *run.traffic]):
        links.append(_loaded(run, link))
    return {"nodes": nodes, "links": links}


def _loaded(run, link):
    traffic = run.traffic.get(link)
    sums = run.transfers.sums.get(run.transfers.links.get(link, -1), {})
    row = {
        "from": link[0],
        "to": link[1],
        "colour": f"{link[0]}>{link[1]}",
        "used": link in run.active_links,
        "activations": sums.get("activations", 0),
        "activation_bytes": sums.get("activation_bytes", 0),
        "feedback": sums.get("feedbacks", 0),
        "feedback_bytes": sums.get("feedback_bytes", 0),
        "capacity": None,
        "carried": None,
        "load": None,
        "dropped": 0,
        "lost": 0,
    }
    if traffic is not None and run.duration > 0:
        length = float(traffic["interval"].sum()) or run.duration
        row |= {
            "capacity": finite(traffic["capacity_bytes"].sum() * 8e-6 / length),
            "carried": finite(traffic["delivered_bytes"].sum() * 8e-6 / length),
            "dropped": finite(traffic["dropped_bytes"].sum()),
            "lost": finite(traffic["lost_bytes"].sum()),
        }
        row["load"] = row["carried"] / row["capacity"] if row["capacity"] else None
    elif sums and run.duration > 0:
        row["carried"] = (row["activation_bytes"] + row["feedback_bytes"]) * 8e-6 / run.duration
    load = "" if row["load"] is None else f", {100 * row['load']:.3g} %"
    row["short"] = "" if row["carried"] is None else f"{row['carried']:.3g} Mbit/s{load}"
    row["text"] = f"{series.link_name(link)}: {row['short'] or 'its traffic is not known'}"
    return row
