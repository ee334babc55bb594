#!/usr/bin/env python3
"""Latency of two runs as distributions: latency_of_two_runs.py RUN RUN OUT.pdf"""

import sys

import millrace

millrace.figure("latency", sys.argv[1], sys.argv[2]).savefig(sys.argv[3])
for path in sys.argv[1:3]:
    latency = millrace.Run(path).microbatches.latency_ms
    print(f"{path}: median {latency.median():.1f} ms, 99 % within {latency.quantile(0.99):.1f} ms")
