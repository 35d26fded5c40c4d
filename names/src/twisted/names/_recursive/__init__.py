"""
How names are looked up from the root on.

- `_reading`: what an answer says: records, an alias, a referral, or that there is nothing.
- `_budget`: how much one look-up may cost.
- `_delegations`: which servers are known for which zones.
- `_iterating`: one question after another, down the tree.
"""
