#!/usr/bin/env python3
"""Throughput of a run over time, with its target: throughput_over_time.py RUN OUT.pdf"""

import sys

import millrace

millrace.figure("throughput", sys.argv[1], width="page").savefig(sys.argv[2])
