"""A run's headline: how it was obtained, and its figures with their units."""

import math


def significant(value):
    """Three digits, without an exponent unless a nonzero value would read as 0."""
    magnitude = abs(value)
    if 0 < magnitude < 0.1:
        return f"{value:.2g}"
    decimals = 0 if magnitude >= 100 or magnitude == 0 else 1 if magnitude >= 10 else 2
    return f"{value:.{decimals}f}"


def duration_text(seconds):
    size = abs(seconds)
    if size < 0.5e-9:
        return "0 s"
    for least, factor, unit in ((600, 60, "min"), (1, 1, "s"), (1e-3, 1e-3, "ms"), (0, 1e-6, "µs")):
        if size >= least:
            return f"{significant(seconds / factor)} {unit}"
    raise AssertionError


def counted(number, noun, ending="s"):
    return f"{number} {noun}{'' if number == 1 else ending}"


def describe(run):
    manifest = run.manifest
    network = manifest.get("network") or {}
    facts = run.facts
    words = {
        "imitated": "compute imitated",
        "measured": "compute measured",
        "profile": "compute from a profile",
    }
    links = {
        "simulated": "links simulated",
        "shaped": "links shaped",
        "given": "links given",
        "not applied": "links not applied",
    }
    parts = [
        manifest.get("mode", ""),
        " / ".join(network[key] for key in ("kind", "transport") if network.get(key)),
        words.get(facts.get("compute"), ""),
        links.get(facts.get("link_conditions"), ""),
        counted(len(run.stage_numbers), "stage"),
        counted(len(run.microbatch), "microbatch", "es"),
        counted(int(run.images.sum()), "image"),
        duration_text(run.duration),
        f"seed {manifest['seed']}" if "seed" in manifest else "",
        f"millrace {manifest.get('millrace', '?')}",
    ]
    return "  ·  ".join(str(part) for part in parts if part)


def _policy(run):
    return run.facts.get("policy") or {}


def merits(run):
    """[[value, what]] of the headline."""
    found = [
        [
            f"{significant(run.throughput)} images/s",
            f"throughput, target {significant(run.target)}" if run.target else "throughput",
        ]
    ]
    if run.latency(0.5) is not None:
        found.append(
            [
                duration_text(run.latency(0.5)),
                f"latency p50 (p95 {duration_text(run.latency(0.95))}, "
                f"p99 {duration_text(run.latency(0.99))})",
            ]
        )
    accuracy = run.facts.get("accuracy") or {}
    if accuracy.get("count"):
        interval = accuracy.get("top1_interval_95")
        between = f", 95 %: {100 * interval[0]:.1f} to {100 * interval[1]:.1f} %" if interval else ""
        found.append(
            [
                f"{100 * accuracy['top1_correct'] / accuracy['count']:.1f} %",
                f"top-1, {accuracy['top1_correct']} of {accuracy['count']}{between}",
            ]
        )
    if _policy(run).get("bits_per_value_mean") is not None:
        found.append([significant(_policy(run)["bits_per_value_mean"]), "bits per value between stages"])
    share = _policy(run).get("share_meeting_target")
    if share is not None:
        found.append([f"{100 * share:.1f} %", "of the target's requests met in time"])
    return found


def figures_of(runs):
    """[[name, unit, [value of each run or None]]]"""

    def accuracy(run):
        own = run.facts.get("accuracy") or {}
        return 100 * own["top1_correct"] / own["count"] if own.get("count") else None

    def share(run):
        own = _policy(run).get("share_meeting_target")
        return None if own is None else 100 * own

    def latency(part):
        return lambda run: None if run.latency(part) is None else 1e3 * run.latency(part)

    rows = [
        ["throughput", "images/s", lambda run: run.throughput],
        ["latency p50", "ms", latency(0.5)],
        ["latency p95", "ms", latency(0.95)],
        ["latency p99", "ms", latency(0.99)],
        ["top-1 accuracy", "%", accuracy],
        ["bits per value", "bits", lambda run: _policy(run).get("bits_per_value_mean")],
        ["target met in time", "%", share],
        ["duration", "s", lambda run: run.duration],
        ["microbatches", "", lambda run: len(run.microbatch)],
        ["images", "", lambda run: float(run.images.sum())],
        [
            "sent over links",
            "MB",
            lambda run: sum(
                own.get("activation_bytes", 0) + own.get("feedback_bytes", 0)
                for own in run.transfers.sums.values()
            )
            / 1e6,
        ],
    ]
    table = [[name, unit, [_finite(value(run)) for run in runs]] for name, unit, value in rows]
    return [row for row in table if any(value is not None for value in row[2])]


def _finite(value):
    return None if value is None or not math.isfinite(value) else float(value)
