"""Settings as rows: networks, tokens and defaults in force, so that SQL can join them."""
