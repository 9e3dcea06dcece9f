"""Grantkeeper's house, top floor first; imports only ever go down this list.

wiring                        the only assembly: credential, clients, the application
intake, reconcile, fleet      what the doors do: accept a request, one turn, the timer's look at all
probes, arm, store, queues, lifecycle    the edges: one SDK, one file
decide, progress, conditions  pure: the next step, each grant's progress, what people read
grants, profiles, policy, schedule       pure: what a cluster needs, how one is made, what may be
egress, errors                what may leave the process; what went wrong, told apart
messages, wire                the bodies of others (queues, events, ARM) into our nouns
model, settings               the nouns; the only reader of the environment
resource_id                   typed ARM ids; nothing else builds a scope
"""
