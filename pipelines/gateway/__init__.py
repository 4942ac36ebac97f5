"""Readers of the payment gateway's feed: HTTP and inbox files → checked events → raw tables and quarantine.

Belongs here: everything that knows the feed's wire form. Does not belong here: what the events mean (dbt_like_sql).
"""
