"""Steps between the sources and the marts."""
