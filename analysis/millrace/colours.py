"""One colour per device and link, the same in every figure and on the page: by the device's place in the
run's list of devices. A link has the colour of the device that sends into it. Each colour has a form for
a light and one for a dark ground; both differ from their ground by 3:1 at least (WCAG 2.1, 1.4.11)."""

LIGHT_GROUND, DARK_GROUND = "#ffffff", "#12151a"
DEVICES = [
    ("#59636e", "#a8b2bd"),
    ("#0072b2", "#4aa8e8"),
    ("#c2500a", "#f58d4d"),
    ("#00805c", "#35c79b"),
    ("#a93f86", "#e58ac6"),
    ("#8a6d00", "#d9b83a"),
    ("#5a4fcf", "#a29bf5"),
    ("#b3261e", "#ff8a80"),
    ("#00798c", "#4fc3d4"),
    ("#5d7d14", "#a8cf5a"),
    ("#7b4a2e", "#c99a7a"),
    ("#87319e", "#cf8ee3"),
    ("#2f5d9b", "#86b3f0"),
    ("#a0522d", "#e0a078"),
    ("#2e6b34", "#7fc486"),
    ("#9c2b5e", "#f08ab5"),
    ("#3b6e8f", "#8cc4e3"),
]
RUNS = [
    ("#0b62a8", "#6cb6ff"),
    ("#b3470b", "#ff9e64"),
    ("#00734f", "#4fd1a5"),
    ("#93357a", "#ec9ad6"),
    ("#7a6000", "#e0c04a"),
    ("#4c3fc0", "#b3acff"),
]
PARTS = {
    "decode": ("#3f8fc4", "#56b4e9"),
    "compute": ("#0072b2", "#2f8fd0"),
    "encode": ("#b57a00", "#e69f00"),
    "blocked": ("#c44a10", "#f07a45"),
    "idle": ("#8a939d", "#5f6975"),
    "queue": ("#c44a10", "#f07a45"),
    "wire": ("#0072b2", "#2f8fd0"),
    "propagation": ("#8a939d", "#5f6975"),
}


def of_devices(devices, links):
    """{name of a device or "FROM>TO": (light, dark)}; links: [(from, to)]."""
    colours = {device: DEVICES[at % len(DEVICES)] for at, device in enumerate(devices)}
    for source, to in links:
        colours.setdefault(f"{source}>{to}", colours.get(source, DEVICES[0]))
    return colours


def for_page(devices, links, runs):
    return {
        "": DEVICES[0],
        **of_devices(devices, links),
        **{f"run:{at}": RUNS[at % len(RUNS)] for at in range(runs)},
        **{f"part:{part}": pair for part, pair in PARTS.items()},
    }


def luminance(colour):
    channels = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one, other):
    """WCAG's ratio, 1 to 21."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)
