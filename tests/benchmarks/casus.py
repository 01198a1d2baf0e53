"""The ``casus`` program, by the interpreter that measures it: ``python -m tests.benchmarks.casus``."""

from service.cli import main

if __name__ == "__main__":
    main()
