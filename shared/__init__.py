"""Grantkeeper's house, top floor first; imports only ever go down this list.

wiring                               the only assembly: credential, clients, the application
intake, reconcile, fleet, poison     what the doors do: a request, one turn, a look at all, a trace
act                                  the step of a turn, done on Azure
arm, store, queues, lifecycle        the edges: one SDK, one file
decide, progress, conditions         pure: the next step, each grant's progress, what people read
grants, probes, profiles, policy, schedule    pure: what is needed, what proves it, what may be
egress, errors                       what may leave the process; what went wrong, told apart
messages, wire                       the bodies of others (queues, events, ARM) into our nouns
model, settings                      the nouns; the only reader of the environment
roles, permissions                   Azure's roles by name; what a role may do, compared
resource_id                          typed ARM ids; nothing else builds a scope
"""
