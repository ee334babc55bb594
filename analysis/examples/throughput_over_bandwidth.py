#!/usr/bin/env python3
"""Throughput over a swept key with 95 % confidence: throughput_over_bandwidth.py SWEEP KEY OUT.pdf"""

import sys

import millrace

millrace.figure("throughput", sys.argv[1], over=sys.argv[2]).savefig(sys.argv[3])
cells = millrace.Sweep(sys.argv[1]).cells
print(
    cells.groupby(["variant", sys.argv[2]], dropna=False).throughput_images_per_s.agg(
        ["mean", "std", "count"]
    )
)
