#!/usr/bin/env python3
"""The first microbatches through stages and links: pipeline.py RUN OUT.pdf"""

import sys

import millrace

millrace.figure("gantt", sys.argv[1], width="page").savefig(sys.argv[2])
