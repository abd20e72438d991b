"""The whole town in one process, on twins, under a seeded scheduler: what may go wrong does, again and again.

The shipped use cases, reactions, relay and consumer core run unchanged, two replicas of everything. Between any two
steps a process may crash, sleep past every deadline, lose its database or its broker, or get no answer to a write that
was done; messages come twice, late and in any order. Then the storm ends, the town comes to rest, and the invariants
(invariants.py) are asked. The same seed tells the same story.
"""
