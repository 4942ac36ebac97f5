"""From answers to rows: what of a chain is missing in the lake, fetched and committed with its cursor."""
