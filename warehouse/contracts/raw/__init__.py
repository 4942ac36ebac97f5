"""What sources said, append-only: never changed, never expired; a rebuild needs nothing else."""
