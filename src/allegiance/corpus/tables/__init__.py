"""What is done with columns rather than words: light columns, filters, facets, pages, group counts, joins.

`light` holds what is known of all transcripts without their words; `masks` applies filters to it with numpy alone,
for draws and claims; `engine` and what builds on it ask DuckDB, locked down, for tables to look at.
"""
