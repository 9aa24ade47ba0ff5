"""``python -m allegiance`` is the command line."""

from allegiance.cli import main

main()
