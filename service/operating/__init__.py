"""Running Casus for many: workers, what is measured, what is logged and traced, readiness, ending in order.

workers     one parent, as many processes that serve as are asked for
worker      how one of them begins, with what its parent tells it
serving     one of them: it serves until it is told to end, and ends in order
heads       heads of requests, bounded
stalled     connections, ended where a client takes nothing for long
watching    every request: its id, its time, its line in the log, its span
counts      numbers that all workers of a service count into
metrics     what ``/metrics`` answers
readiness   what ``/readyz`` answers
probe       what asks for that from the same machine, for a container's health check
logs        lines for people, or JSON for programs
tracing     OpenTelemetry, where it is configured, and nothing of it elsewhere
"""
