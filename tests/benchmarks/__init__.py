"""How fast Casus is, as ratios to what the same machine does without it, measured within one run.

    make bench
    .venv/bin/python -m tests.benchmarks --incidents 100000 --only page --json measured.json

The two sides of a ratio take turns (A B B A ...), so that what else the machine does meets both; what is
printed is the median of the turns. The incidents are rows of the UCDP GED, multiplied (see `ged`).
"""
