"""Where published rows lie: an id leads to the time without which every segment would be scanned for it.

Belongs here: look-ups that several resources make. Does not belong here: the rows themselves (the resources'
`queries.py`).
"""

SESSION_CREATED_AT = """
select l.created_at
from lookups.sessions as l
where l.mode = $mode
  and l.merchant_id = $merchant_id
  and l.session_id = $session_id
"""
