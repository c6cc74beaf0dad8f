"""What fedimark costs, measured: `make bench` writes docs/benchmarks.md."""
