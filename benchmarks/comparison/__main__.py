"""See benchmarks/compare.py."""

from benchmarks.comparison.command import main

main()
