"""Pictures of REPRODUCTIONS.md, one per table; reproduce.py passes its results in."""

import style

MARKS = {"fluid": {"marker": "o", "markersize": 9, "markerfacecolor": "none"},
         "ns3": {"marker": "x", "markersize": 6}}
LABELS = {"fluid": "simulate, fluid", "ns3": "simulate, ns-3 TCP"}


def panels(title):
    figure = style.new_figure(5.2)
    grid = figure.add_gridspec(1, 2, left=0.05, right=0.985, top=0.82, bottom=0.11, wspace=0.13,
                               width_ratios=(3, 2))
    figure.text(0.015, 0.945, title, fontsize=15, fontweight="bold", va="center")
    return figure, figure.add_subplot(grid[0]), figure.add_subplot(grid[1])


def over_boards(axes, boards):
    axes.set_xticks(boards, [str(number) for number in boards])
    axes.set_xlabel("boards")
    axes.grid(axis="y")


def deviation(axes, boards, curves, colours):
    """How far the steady rates of the simulations are from the planner's."""
    for colour, curve in zip(colours, curves):
        for network, mark in MARKS.items():
            shown = list(curve[network])
            axes.plot(shown, [100 * (curve[network][b] / curve["planned"][b] - 1) for b in shown],
                      color=colour, linestyle="-" if network == "fluid" else ":", linewidth=1.2, **mark)
    axes.set_xscale("log", base=2)
    over_boards(axes, boards)
    low, high = axes.get_ylim()
    axes.set_ylim(min(low, -1), max(high, 1))
    axes.set_title("steady rate against the planner's, %")


def scaling(path, title, curves, published=None):
    """`curves`: label -> {"planned", "fluid", "ns3"} -> boards -> speed-up (steady), "whole" optional."""
    boards = list(next(iter(curves.values()))["planned"])
    figure, axes, right = panels(title)
    axes.plot(boards, boards, color=style.QUIET, linestyle="--", linewidth=1, label="one for one")
    for number, (colour, (label, curve)) in enumerate(zip(style.CYCLE, curves.items())):
        wide = 1.8 + 1.4 * (len(curves) - 1 - number)  # so that lines upon each other are seen
        axes.plot(boards, [curve["planned"][b] for b in boards], linewidth=wide,
                  color=style.mix(colour, "white", 0.35),
                  label=f"{label}exact planner" if len(curves) == 1 else label)
        if "whole" in curve:
            axes.plot(boards, [curve["whole"][b] for b in boards], color=style.ORANGE, linestyle="-.",
                      label="fluid, fill and drain counted")
        for network, mark in MARKS.items():
            axes.plot(list(curve[network]), list(curve[network].values()), color=colour, linestyle="none",
                      label=LABELS[network] + ", steady" if len(curves) == 1 else None, **mark)
    if len(curves) > 1:
        for network, mark in MARKS.items():
            axes.plot([], [], color=style.QUIET, linestyle="none", label=LABELS[network], **mark)
    if published:
        axes.plot(*zip(*published.items()), color=style.VERMILLION, linestyle="none", marker="*",
                  markersize=13, label="published")
    axes.set_title("speed-up over one board" + ("; lines: exact planner" if len(curves) > 1 else ""))
    over_boards(axes, boards)
    axes.set_ylim(bottom=0)
    axes.legend(loc="upper left")
    deviation(right, boards, list(curves.values()), style.CYCLE)
    style.save(figure, path)


def clusters(path, title, rows):
    """`rows`: (cluster, {algorithm: {"planned", "fluid", "ns3"}}): images/s, drawn relative to `optimal`."""
    figure = style.new_figure(1.5 + 0.62 * len(rows))
    axes = figure.add_axes((0.3, 0.11, 0.675, 0.8))
    figure.text(0.015, 0.955, title, fontsize=15, fontweight="bold", va="center")
    algorithms = list(rows[0][1])
    height = 0.8 / len(algorithms)
    for number, (_, results) in enumerate(rows):
        whole = results["optimal"]["planned"]
        for a, (colour, algorithm) in enumerate(zip(style.CYCLE, algorithms)):
            at = number + (a - (len(algorithms) - 1) / 2) * height
            result = results[algorithm]
            axes.barh(at, result["planned"] / whole, height * 0.9, color=colour,
                      label=algorithm if number == 0 else None)
            for network, mark in MARKS.items():
                axes.plot(result[network] / whole, at, color=style.INK, linestyle="none",
                          **{**mark, "markersize": 6},
                          label=LABELS[network] if number == 0 and a == 0 else None)
            axes.text(max(result["planned"], result["fluid"], result["ns3"]) / whole + 0.012, at,
                      f"{result['planned']:.3g} /s", va="center", color=style.QUIET, fontsize=8)
    axes.set_yticks(range(len(rows)), [name for name, _ in rows])
    axes.invert_yaxis()
    axes.set_xlim(0, 1.1)
    axes.set_xlabel("images per second, as a share of the exact plan's prediction (bars: predictions)")
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x")
    figure.legend(*axes.get_legend_handles_labels(), loc="center right", bbox_to_anchor=(0.985, 0.955),
                  ncols=5)
    style.save(figure, path)
