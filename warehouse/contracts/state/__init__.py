"""What the pipeline remembers between passes: cursors, coverage, what was transformed and touched."""
