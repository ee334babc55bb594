"""millrace for scripts: `Run`, `Sweep`, `run`, `plan`, `figure`. See millrace/api.py for what they offer, and
analysis/examples for scripts.

    import millrace
    run = millrace.Run("runs/x")
    run.microbatches.latency_ms.quantile(0.99)
"""

_OFFERED = {"Run", "Sweep", "run", "plan", "figure", "RunError"}


def __getattr__(name):
    """Loaded on first use: reports of runs need none of it."""
    if name not in _OFFERED:
        raise AttributeError(f"module 'millrace' has no attribute {name!r}")
    from . import api

    return getattr(api, name)


def __dir__():
    return sorted(_OFFERED)
