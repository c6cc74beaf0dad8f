"""`python -m fedimark`."""

from fedimark.cli import main

main()
