"""How pictures look: colours that colour-blind readers can tell apart (Okabe and Ito 2008), quiet axes."""

import io
import sys
import textwrap
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: E402
from matplotlib.colors import to_rgb  # noqa: E402
from matplotlib.figure import Figure  # noqa: E402
from matplotlib.lines import Line2D  # noqa: E402

from millrace.words import significant  # noqa: E402
from output import write_output  # noqa: E402
from run_directory import RunDirectory, RunError  # noqa: E402

DPI = 110
WIDTH_INCHES = 14
INK, QUIET, FAINT = "#222222", "#6b6b6b", "#e9ebee"
BLUE, ORANGE, GREEN, PINK, SKY, VERMILLION = "#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00"
CYCLE = [BLUE, ORANGE, GREEN, PINK, SKY, VERMILLION]

matplotlib.rcParams.update({
    "font.family": "DejaVu Sans", "font.size": 10, "text.color": INK, "axes.labelcolor": INK,
    "axes.edgecolor": "#b8bcc2", "axes.linewidth": 0.8, "axes.spines.top": False, "axes.spines.right": False,
    "axes.grid": False, "grid.color": FAINT, "grid.linewidth": 0.9, "axes.axisbelow": True,
    "axes.titlesize": 12, "axes.titleweight": "bold", "axes.titlelocation": "left",
    "xtick.color": QUIET, "ytick.color": QUIET, "xtick.labelsize": 9, "ytick.labelsize": 9,
    "legend.frameon": False, "legend.fontsize": 9, "hatch.linewidth": 0.6,
})


def new_figure(height_inches):
    figure = Figure(figsize=(WIDTH_INCHES, height_inches), dpi=DPI, facecolor="white")
    FigureCanvasAgg(figure)
    return figure


def single(height_inches, left, right, above, below):
    """(figure, its one cell). left and right are shares of the width; above, below: margins in inches."""
    figure = new_figure(height_inches)
    grid = figure.add_gridspec(1, 1, left=left, right=right, top=1 - above / height_inches,
                               bottom=below / height_inches)
    return figure, grid[0]


def save(figure, path):
    """Saves the figure in the format of its name's ending (PNG without an ending) and returns the path."""
    ending = Path(path).suffix.lower().lstrip(".")
    form = ending if ending in figure.canvas.get_supported_filetypes() else "png"
    drawn = io.BytesIO()
    options = {"pil_kwargs": {"compress_level": 4}} if form == "png" else {}
    figure.savefig(drawn, format=form, dpi=DPI, **options)
    try:
        write_output(path, drawn.getvalue())
    except OSError as error:
        sys.exit(f"error: {path}: cannot be written: {error.strerror or error}")
    return path


def mix(colour, other, share):
    """`share` of `other` in `colour`."""
    return tuple((1 - share) * a + share * b for a, b in zip(to_rgb(colour), to_rgb(other)))


def ink_on(colour):
    red, green, blue = to_rgb(colour)
    return "white" if 0.299 * red + 0.587 * green + 0.114 * blue < 0.58 else INK


def time_unit(span_s):
    """(factor from seconds, unit) that keeps the numbers of an axis short."""
    if 0 < span_s < 0.001:
        return 1e6, "µs"
    if 0 < span_s < 1:
        return 1e3, "ms"
    return (1.0, "s") if span_s < 600 else (1 / 60, "min")


def duration_text(seconds):
    if abs(seconds) < 0.5e-9:
        return "0 s"
    factor, unit = time_unit(seconds)
    return f"{significant(seconds * factor)} {unit}"


def short(name, limit):
    """A name shortened in its middle to fit its place."""
    if len(name) <= limit:
        return name
    tail = limit // 2
    return f"{name[:limit - tail - 1]}…{name[-tail:]}"


def captioned(figure, text):
    """A quiet line at the foot of a figure."""
    if text:
        figure.text(0.995, 0.006, text, fontsize=8, color=VERMILLION, ha="right", va="bottom")
    return figure


def wrapped(text, characters=165):
    """Lines as long as a picture is wide."""
    return textwrap.wrap(text, characters) or [""]


def say_empty(axes, sentence):
    """An axes that has nothing to show says so."""
    axes.text(0.5, 0.5, sentence, transform=axes.transAxes, ha="center", va="center", color=QUIET,
              fontsize=11)


def rule(y):
    """A quiet horizontal line across a figure, at the height y (0..1)."""
    return Line2D([0.02, 0.985], [y, y], color="#d5d8dd", linewidth=1)


def figure_main(make, name):
    """The command line of one figure's file: RUN_DIR in, RUN_DIR/name out."""
    if len(sys.argv) != 2 or sys.argv[1] in ("-h", "--help"):
        print(f"usage: {Path(sys.argv[0]).name} RUN_DIR   (writes RUN_DIR/{name})", file=sys.stderr)
        return 0 if len(sys.argv) == 2 else 2
    try:
        run = RunDirectory(sys.argv[1])
    except RunError as error:
        print(f"error: {error}", file=sys.stderr)
        return 3
    print(save(captioned(make(run), run.caption), run.path / name))
    return 0
