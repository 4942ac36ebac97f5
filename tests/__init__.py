"""Tests: they mirror the packages; e2e/ runs whole deployments, rules/ the house rules, models/ the SQL."""
