"""Whole deployments: real nodes, real processes, real HTTP."""
