"""Grantkeeper's house, top floor first; imports only ever go down this list.

wiring                               the only assembly: credential, clients, the application
intake, reconcile, fleet, poison     what the doors do: a request, one turn, a look at all, a trace
event_queue                          … an event that came by a queue
housekeeping                         … and what the timer does besides
observe, act                         one look at Azure; the step of a turn, done on Azure
probing                              a probe's command, begun and read
definitions, links, obstacles, principals   roles, before they are granted; what else is read
assignment_lists, deny_lists, resource_facts, planning   reads that clusters share; when to look
audit                                a row before each write to Azure, and one after it
old_rows                             what is kept no longer
arm, store, ledger, passes, queues, lifecycle   the edges: one SDK, one room
dead_letters                         … and the events that were given up
bulk, tables                         lists of whole subscriptions; the connection to the tables
events                               pure: what happened, as CloudEvents
tally                                what a pass of the timer found, in one line
glance                               a record in one short column
decide, progress, conditions         pure: the next step, each grant's progress, what people read
evidence                             what reading proves of a grant
diagnosis, learning, repair          why a grant does not work; what denials teach; Failed clusters
revocation                           what is needed no more, and when it goes
changes                              whether a cluster needs other grants than its record has
held, wanted, policy_file            what is there already; what is needed; the operator's file
policy_checks                        what must hold of a policy beyond its types
grants, probes, profiles, policy, delegation, schedule, delays    pure: what is needed, what may be
addon_scopes, resource_scopes        where add-ons, and the cluster itself, use other resources
network_scopes                       … and networks
pointers                             what a cluster's JSON points at
cluster_events, probe_commands       what a cluster's events prove; what it is asked to run
budget                               our share of what ARM lets one ask for
egress, answers, azure_clock         what may leave the process; what ARM answered, and when
pipeline                             what every request to ARM passes
errors                               what went wrong, told apart
event_grid                           Azure's own events, as Event Grid writes them
messages, wire                       the bodies of others (queues, events, ARM) into our nouns
effects                              the nouns of the audit
model, rejections, settings          the nouns; the only reader of the environment
declared                             the operator's grants that no cluster shows
scope_pattern, shape, plain_yaml     where a role may be granted; data and types; YAML with lines
denials, deny_assignments, locks     what a 403 says is missing; what no role can give
roles, permissions                   Azure's roles by name; what a role may do, compared
resource_id, document                typed ARM ids; nothing else builds a scope. JSON of others
"""
