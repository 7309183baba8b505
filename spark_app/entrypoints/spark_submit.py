"""Entry for ``spark-submit … spark_app/entrypoints/spark_submit.py <command> [options]``; exits with main's code."""

from __future__ import annotations

import sys

from spark_app.cli import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
