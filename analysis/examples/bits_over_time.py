#!/usr/bin/env python3
"""Bits that a policy sends against the capacity of its link: bits_over_time.py RUN OUT.pdf"""

import sys

import millrace

millrace.figure("links", sys.argv[1]).savefig(sys.argv[2])
decisions = millrace.Run(sys.argv[1]).decisions
print(decisions.groupby(["from", "to"], observed=True).bits_per_value.describe())
