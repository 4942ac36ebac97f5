"""The merchants' nouns: what the API and analysts read."""
