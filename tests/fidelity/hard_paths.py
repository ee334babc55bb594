"""Paths on which TCP matters: delay, loss, queues of routers. Two boards, one path between them, and what it
makes of a pipeline's throughput and latency: in reality, with a spread over seeds where packets are lost, and
in both models. fidelity.py runs these after its own scenarios."""

import statistics
from dataclasses import dataclass
from pathlib import Path

SEEDS = 5  # where packets are lost, or share the path with others
MICROBATCHES = 40
PACKET = 1500
TRACES = Path(__file__).resolve().parents[2] / "traces"


@dataclass(frozen=True)
class HardPath:
    rate: float       # Mbit/s
    delay: float      # ms, one way
    loss: float = 0   # %, each way
    tcp: str = "cubic"
    bits: int = 8     # of activations: a message is 17 kB per bit
    burst: float = 0  # packets lost in a row, in the mean; 0: independent
    queue: float = 0  # behind a router, in products of rate and round trip; 0: in front of the sender
    trace: str = ""   # of traces/, instead of the rate, which then is about its mean
    offset: int = 0   # s, where in the trace the run begins
    images: int = 64  # of a microbatch: its message is images * bits / 8 * 2.08 kB
    cross: str = ""   # other traffic behind the router: "udp", a third of the rate half of the time; "bulk"
    paced: float = 0  # images/s that arrive; 0: as many as can be taken
    adapts: float = 0  # instead of the bits: policy max-fit with this target rate, images/s
    cut: int = 0      # the plan: after which sub-layer of 8; 0: even, which is 4

    @property
    def problem(self):
        """What the policies and plans of one path have in common."""
        text = f"{self.rate:g}mbit-{self.delay:g}ms"
        if self.loss:
            text += f"-loss{self.loss:g}"
        if self.burst:
            text += f"-burst{self.burst:g}"
        if self.queue:
            text += f"-queue{self.queue:g}"
        size = self.images if self.images != 64 else 0
        for given, what in ((self.trace.partition(".")[0], "{}"), (self.cross, "{}"),
                            (self.paced, "paced{:g}"), (size, "{}images")):
            text += "-" + what.format(given) if given else ""
        return f"{text}-{self.tcp}"

    @property
    def name(self):
        policy = f"maxfit{self.adapts:g}" if self.adapts else f"{self.bits}bit"
        return f"{self.problem}-{policy}" + (f"-cut{self.cut}" if self.cut else "")

    @property
    def group(self):
        if not self.loss:
            return "no_loss"
        return "loss_1" if self.loss <= 1 and not self.burst else "loss_3"

    @property
    def microbatches(self):
        """At least 10, and not more than some 15 s of sending without loss."""
        return max(10, min(40 if self.images > 16 else 160,
                           int(15 * self.rate / (0.133 * self.bits * self.images / 64))))

    @property
    def seeds(self):
        return SEEDS if self.loss or self.cross else 1

    def loss_text(self):
        if not self.loss:
            return ""
        if not self.burst:
            return f", loss: {self.loss / 100:g}"
        leaves = 1 / self.burst  # the bad state loses every packet
        enters = leaves * self.loss / 100 / (1 - self.loss / 100)
        return f", loss_model: {{p: {enters:.8g}, r: {leaves:g}, bad_loss: 1}}"

    def links_text(self):
        rate = f"rate: {self.rate:g} Mbit/s"
        if self.trace:
            rate = f"trace: {TRACES / self.trace}, trace_offset: {self.offset} s"
        path = f"{rate}, delay: {self.delay:g} ms{self.loss_text()}"
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
{self.cross_text()}"""

    def cross_text(self):
        if not self.cross:
            return ""
        kind = "kind: tcp-bulk" if self.cross == "bulk" else \
            f"kind: on-off, rate: {self.rate / 3:g} Mbit/s, on_time: 1 s, off_time: 1 s"
        return f"  cross_traffic:\n    - {{from: source, to: board-2, {kind}}}\n"

    def scenario_text(self, model):
        quantization = f"kind: fixed, codec: {'fp32' if self.bits == 32 else 'uniform'}, bits: {self.bits}"
        if self.adapts:
            quantization = f"kind: max-fit, codec: ds-aciq, target_rate: {self.adapts:g} /s"
        partition = f"kind: fixed, cuts: [{self.cut}]" if self.cut else "kind: even"
        arrivals = f", arrivals: rate, rate: {self.paced:g} /s" if self.paced else ""
        return f"""millrace: 1
name: {self.name}
model: {model.replace("microbatch: 64", f"microbatch: {self.images}")}
workload: {{dataset: synthetic, images: {self.images * self.microbatches}{arrivals}}}
devices:
  - {{name: source, runs: [source, sink]}}
  - {{name: board-1, speed: 1.5 GFLOP/s}}
  - {{name: board-2, speed: 1.0 GFLOP/s}}
network:
  tcp: {self.tcp}
{self.links_text()}policy:
  partition: {{{partition}}}
  quantization: {{{quantization}}}
run: {{mode: simulate, links: netns, compute: profile, seed: 1}}
"""


PATHS = [
    *[HardPath(rate, delay) for rate, delay in
      ((1, 50), (5, 20), (5, 150), (8, 75), (20, 20), (20, 50), (20, 100), (20, 150), (50, 20), (50, 100),
       (100, 20), (100, 75), (200, 5), (200, 50))],
    *[HardPath(20, delay, tcp="reno") for delay in (50, 150)],
    *[HardPath(rate, delay, tcp="bbr") for rate, delay in ((5, 75), (20, 50), (100, 20))],
    *[HardPath(10, 20, queue=queue) for queue in (0.25, 1, 4)],
    HardPath(10, 20, tcp="reno", queue=1), HardPath(10, 20, tcp="bbr", queue=1),
    *[HardPath(20, 20, 0.5, bits=bits) for bits in (4, 8, 16, 32)],
    *[HardPath(20, 20, 0.5, tcp) for tcp in ("reno", "bbr")],
    *[HardPath(20, 5, 1, tcp) for tcp in ("cubic", "reno", "bbr")],
    HardPath(20, 20, 0.1), HardPath(20, 50, 0.5), HardPath(5, 20, 1), HardPath(100, 20, 0.1),
    HardPath(100, 20, 0.5, "bbr"),
    HardPath(8, 75, 0.5), HardPath(5, 50, 0.5, "reno"),
    *[HardPath(20, 5, 2, tcp) for tcp in ("cubic", "reno", "bbr")],
    HardPath(20, 20, 2), HardPath(20, 20, 2, "bbr"), HardPath(20, 20, 3), HardPath(5, 20, 3),
    *[HardPath(20, 20, 1, tcp, burst=4) for tcp in ("cubic", "bbr")],
    HardPath(20, 5, 1, "reno", burst=4),
    *[HardPath(20, delay, trace=trace, offset=offset)
      for trace, delay, offset in (("outage.csv", 20, 7), ("lte-drive.csv", 40, 69))],
    *[HardPath(20, 30, queue=1, cross=cross) for cross in ("udp", "bulk")],
    *[HardPath(20, 20, paced=rate) for rate in (200, 600)], HardPath(20, 20, 0.5, paced=200),
    *[HardPath(20, 20, bits=4, images=10), HardPath(20, 20, bits=32, images=120)],
    *[HardPath(20, 20, 0.5, bits=4, images=10), HardPath(20, 20, 0.5, bits=32, images=120)],
    # Which policy and plan is best: without loss, with little and with much.
    *[HardPath(10, 50, bits=bits, cut=cut) for bits in (4, 8, 32) for cut in (0, 2)],
    *[HardPath(10, 50, adapts=300, cut=cut) for cut in (0, 2)],
    *[HardPath(20, 20, 0.5, bits=bits, cut=2) for bits in (4, 8, 32)],
    *[HardPath(20, 20, 0.5, adapts=300, cut=cut) for cut in (0, 2)],
    *[HardPath(20, 20, 2, bits=bits) for bits in (4, 16)],
    *[HardPath(20, 20, 2, bits=bits, cut=2) for bits in (4, 8, 16)],
    *[HardPath(20, 20, 2, adapts=200, cut=cut) for cut in (0, 2)],
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


def best_table(entries):
    """Of every problem with several policies and plans: which one is the best in each world."""
    lines = ["| path | policies and plans | best in reality | simulate | cosim |", "|---|---|---|---|---|"]
    for problem in dict.fromkeys(one["problem"] for one in entries):
        of_problem = [one for one in entries if one["problem"] == problem]
        if len(of_problem) < 4:
            continue
        def rate(one, mode):
            return one[mode]["throughput_images_per_s"]
        best = max(of_problem, key=lambda one: rate(one, "deploy"))
        cells = []
        for mode in ("simulate", "cosim"):
            chosen = max(of_problem, key=lambda one, mode=mode: rate(one, mode))
            lost = 1 - rate(chosen, "deploy") / rate(best, "deploy")
            cells.append("the same" if chosen is best else
                         f"{chosen['scenario'][len(problem) + 1:]}, {100 * lost:.1f} % less in reality")
        lines.append(f"| {problem} | {len(of_problem)} | {best['scenario'][len(problem) + 1:]} | "
                     + " | ".join(cells) + " |")
    return "\n".join(lines)


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
