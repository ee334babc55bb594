"""Paths on which TCP matters: delay, loss, queues of routers. Two boards, one path between them, and what it
makes of a pipeline's throughput and latency: in reality, with a spread over seeds where packets are lost, and
in both models. fidelity.py runs these after its own scenarios."""

import statistics
from dataclasses import dataclass

SEEDS = 5  # where packets are lost
MICROBATCHES = 40
PACKET = 1500


@dataclass(frozen=True)
class Path:
    rate: float       # Mbit/s
    delay: float      # ms, one way
    loss: float = 0   # %, each way
    tcp: str = "cubic"
    bits: int = 8     # of activations: a message is 17 kB per bit
    burst: float = 0  # packets lost in a row, in the mean; 0: independent
    queue: float = 0  # behind a router, in products of rate and round trip; 0: in front of the sender

    @property
    def name(self):
        text = f"{self.rate:g}mbit-{self.delay:g}ms"
        if self.loss:
            text += f"-loss{self.loss:g}"
        if self.burst:
            text += f"-burst{self.burst:g}"
        if self.queue:
            text += f"-queue{self.queue:g}"
        return f"{text}-{self.tcp}-{self.bits}bit"

    @property
    def problem(self):
        """What the policies (numbers of bits) of one path have in common."""
        return self.name.rsplit("-", 1)[0]

    @property
    def group(self):
        if not self.loss:
            return "no_loss"
        return "loss_1" if self.loss <= 1 and not self.burst else "loss_3"

    @property
    def microbatches(self):
        """At least 10, and not more than some 15 s of sending without loss."""
        return max(10, min(MICROBATCHES, int(15 * self.rate / (0.133 * self.bits))))

    def loss_text(self):
        if not self.loss:
            return ""
        if not self.burst:
            return f", loss: {self.loss / 100:g}"
        leaves = 1 / self.burst  # the bad state loses every packet
        enters = leaves * self.loss / 100 / (1 - self.loss / 100)
        return f", loss_model: {{p: {enters:.8g}, r: {leaves:g}, bad_loss: 1}}"

    def links_text(self):
        path = f"rate: {self.rate:g} Mbit/s, delay: {self.delay:g} ms{self.loss_text()}"
        if not self.queue:
            return f"""  links:
    - {{between: [source, board-1], rate: 200 Mbit/s}}
    - {{between: [board-1, board-2], {path}}}
    - {{between: [board-2, source], rate: 200 Mbit/s}}
"""
        product = self.rate * 1e6 / 8 * 2 * self.delay / 1e3
        return f"""  switches: [router]
  links:
    - {{between: [source, router], rate: 200 Mbit/s}}
    - {{between: [board-1, router], rate: 200 Mbit/s}}
    - {{between: [router, board-2], {path}, queue: {max(2 * PACKET, round(self.queue * product))} B}}
"""

    def scenario_text(self, model):
        codec = "fp32" if self.bits == 32 else "uniform"
        return f"""millrace: 1
name: {self.name}
model: {model}
workload: {{dataset: synthetic, images: {64 * self.microbatches}}}
devices:
  - {{name: source, runs: [source, sink]}}
  - {{name: board-1, speed: 1.5 GFLOP/s}}
  - {{name: board-2, speed: 1.0 GFLOP/s}}
network:
  tcp: {self.tcp}
{self.links_text()}policy:
  partition: {{kind: even}}
  quantization: {{kind: fixed, codec: {codec}, bits: {self.bits}}}
run: {{mode: simulate, links: netns, compute: profile, seed: 1}}
"""


PATHS = [
    *[Path(rate, delay) for rate, delay in
      ((1, 50), (5, 20), (5, 150), (8, 75), (20, 20), (20, 50), (20, 100), (20, 150), (50, 20), (50, 100),
       (100, 20), (100, 75), (200, 5), (200, 50))],
    *[Path(20, delay, tcp="reno") for delay in (50, 150)],
    *[Path(rate, delay, tcp="bbr") for rate, delay in ((5, 75), (20, 50), (100, 20))],
    *[Path(10, 20, queue=queue) for queue in (0.25, 1, 4)],
    Path(10, 20, tcp="reno", queue=1), Path(10, 20, tcp="bbr", queue=1),
    *[Path(20, 20, 0.5, bits=bits) for bits in (4, 8, 16, 32)],
    *[Path(20, 20, 0.5, tcp) for tcp in ("reno", "bbr")],
    *[Path(20, 5, 1, tcp) for tcp in ("cubic", "reno", "bbr")],
    Path(20, 20, 0.1), Path(20, 50, 0.5), Path(5, 20, 1), Path(100, 20, 0.1), Path(100, 20, 0.5, "bbr"),
    Path(8, 75, 0.5), Path(5, 50, 0.5, "reno"),
    *[Path(20, 5, 2, tcp) for tcp in ("cubic", "reno", "bbr")],
    Path(20, 20, 2), Path(20, 20, 2, "bbr"), Path(20, 20, 3), Path(5, 20, 3),
    *[Path(20, 20, 1, tcp, burst=4) for tcp in ("cubic", "bbr")],
    Path(20, 5, 1, "reno", burst=4),
]


# Per group and model: throughput, mean and worst error; p50, mean error (None: no bar).
BARS = {"no_loss": {"simulate": (0.015, 0.05, 0.02), "cosim": (0.01, 0.03, 0.02)},
        "loss_1": {"simulate": (0.10, 0.25, None), "cosim": (0.05, 0.12, None)},
        "loss_3": {"simulate": (0.15, 0.35, None), "cosim": (0.08, 0.20, None)}}
RANKING_BARS = {"simulate": 0.93, "cosim": 0.97}
KEYS = ("throughput_error_mean", "throughput_error_worst", "p50_error_mean")


def spread(values):
    """The whole range of the values, as a share of their median."""
    return (max(values) - min(values)) / statistics.median(values)


def measure(path, runs_of_seeds):
    """One entry of fidelity.json. runs_of_seeds: per seed, {mode: {"throughput": images/s, "p50": ms}}."""
    def medians(mode):
        return {key: statistics.median([runs[mode][key] for runs in runs_of_seeds])
                for key in ("throughput", "p50")}
    real = medians("deploy")
    result = {"scenario": path.name, "loss": path.loss / 100, "delay_ms": path.delay, "tcp": path.tcp,
              "group": path.group, "problem": path.problem, "seeds": len(runs_of_seeds),
              "real_spread": spread([runs["deploy"]["throughput"] for runs in runs_of_seeds])
              if len(runs_of_seeds) > 1 else None,
              "deploy": {"throughput_images_per_s": real["throughput"], "p50_ms": real["p50"]}}
    for mode in ("simulate", "cosim"):
        model = medians(mode)
        result[mode] = {key: model[key] / real[key] - 1 for key in ("throughput", "p50")}
        result[mode]["throughput_images_per_s"] = model["throughput"]
    return result


def agreement(entries, mode):
    """Share of the pairs of a problem that the model ranks alike, without those within the real spread."""
    pairs = agreeing = 0
    for i, a in enumerate(entries):
        for b in entries[:i]:
            real = [one["deploy"]["throughput_images_per_s"] for one in (a, b)]
            if a["problem"] != b["problem"] or abs(real[0] - real[1]) / max(real) <= max(
                    0.02, a["real_spread"] or 0, b["real_spread"] or 0):
                continue
            model = [one[mode]["throughput_images_per_s"] for one in (a, b)]
            pairs += 1
            agreeing += (real[0] > real[1]) == (model[0] > model[1])
    return agreeing / pairs if pairs else None


def group_totals(entries, earlier):
    """Totals per group; `earlier` are the entries of the suite without delay and loss."""
    totals = {}
    for group in ("no_loss", "loss_1", "loss_3"):
        of_group = [one for one in entries if one["group"] == group] + (earlier if group == "no_loss" else [])
        totals[group] = {}
        for mode in ("simulate", "cosim"):
            errors = [abs(one[mode]["throughput"]) for one in of_group]
            p50 = [abs(one[mode]["p50"]) for one in of_group]
            own = [one for one in of_group if "problem" in one]
            totals[group][mode] = {
                "throughput_error_mean": sum(errors) / len(errors) if errors else None,
                "throughput_error_worst": max(errors, default=None),
                "p50_error_mean": sum(p50) / len(p50) if p50 else None,
                "ranking_agreement": agreement(own, mode)}
    return totals


def table(entries):
    """Worst first within each group, by the larger error of the two models."""
    lines = ["| path | images/s | real spread | simulate | cosim | p50 ms | simulate | cosim |",
             "|---|---|---|---|---|---|---|---|"]
    order = ("loss_3", "loss_1", "no_loss")
    for one in sorted(entries, key=lambda e: (order.index(e["group"]), -max(
            abs(e["simulate"]["throughput"]), abs(e["cosim"]["throughput"])))):
        real, sim, cosim = one["deploy"], one["simulate"], one["cosim"]
        repeats = "one run" if one["real_spread"] is None else f"{100 * one['real_spread']:.1f} %"
        lines.append(f"| {one['scenario']} | {real['throughput_images_per_s']:.1f} | {repeats} "
                     f"| {100 * sim['throughput']:+.1f} % | {100 * cosim['throughput']:+.1f} % "
                     f"| {real['p50_ms']:.0f} | {100 * sim['p50']:+.1f} % | {100 * cosim['p50']:+.1f} % |")
    return "\n".join(lines)


def totals_table(totals):
    lines = ["| group | model | throughput, mean error (bar) | worst (bar) | p50, mean error (bar) "
             "| pairs ranked alike (bar) |", "|---|---|---|---|---|---|"]
    def percent(value, bar):
        text = "-" if value is None else f"{100 * value:.1f} %"
        return text if bar is None else f"{text} ({100 * bar:g})"
    for group, text in (("no_loss", "no loss"), ("loss_1", "up to 1 % of loss"),
                        ("loss_3", "1 to 3 %, bursts")):
        for mode in ("simulate", "cosim"):
            one = totals[group][mode]
            cells = [percent(one[key], bar) for key, bar in zip(KEYS, BARS[group][mode], strict=True)]
            cells.append(percent(one["ranking_agreement"], RANKING_BARS[mode]))
            lines.append(f"| {text} | {mode} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def missed(totals):
    """A sentence for each bar that is missed; what was not measured misses none."""
    sentences = []
    for group, models in BARS.items():
        for mode, bars in models.items():
            one = totals[group][mode]
            sentences += [f"{group}, {mode}: {key} is {one[key]:.4f}, the bar is {bar}"
                          for key, bar in zip(KEYS, bars, strict=True)
                          if bar is not None and one[key] is not None and one[key] > bar]
            ranked = one["ranking_agreement"]
            if ranked is not None and ranked < RANKING_BARS[mode]:
                sentences.append(f"{group}, {mode}: ranking_agreement is {ranked:.4f}, "
                                 f"the bar is {RANKING_BARS[mode]}")
    return sentences


def not_measured(entries):
    """A sentence on the paths that the entries lack; empty if there are none."""
    names = {one["scenario"] for one in entries}
    lacking = [path.name for path in PATHS if path.name not in names]
    if not lacking:
        return ""
    return f"{len(lacking)} of {len(PATHS)} paths were not measured: " + ", ".join(lacking) + "."
