"""Azure on this machine: ARM with AKS and RBAC, managed identity, Event Grid, faults and a clock.

The way of a request, from the outside in:

    __main__                        the program: its flags, the ready line, the end
    certificates, keys              what it makes up: a CA, and secrets that open nothing else
    env_file, private_file          what it tells its clients; how secrets are written
    server                          one mouth: TLS on loopback
    transport                       the other mouth: an azure-core transport, in process
    app                             the assembly; Emulator is all that tests need
    gateway                         every request: caller, faults, rights, route, ledger
    api_versions                    fields that older api-versions do not know
    wire                            requests, answers, ArmError, Call, Router
    faults, stale_reads, planted    bad weather on the wire; documents nobody should trust
    identity                        the token endpoint, its tokens and their checks

What all rooms build on:

    world                           chance, due work, the directory of principals, the ledger
    clock, knobs                    time; everything that can be turned
    paging, throttle                long lists in pages; 429
    arm_ids, scopes                 the parts of an id; what lies at, above or below what
    odata_filter, resource_filter   $filter; that of lists of resources and groups
    timestamps                      moments as Azure writes them

ARM and AKS:

    subscriptions, groups           the tenant and its providers; resource groups
    operations                      long-running operations and how they are polled
    resources, resource_routes      any resource; its routes
    resource_types                  what Azure adds to, and demands of, the types modelled
    resource_shape                  their JSON types, and what they refer to
    activity_log                    the diagnostic settings of subscriptions
    clusters, cluster_routes        all clusters, how they come and go; their routes
    cluster_state                   one cluster
    cluster_body, cluster_rules     what a cluster's PUT may say; what its fields demand of others
    cluster_fields, cluster_shape   the body's field names; their JSON types
    cluster_defaults                what is filled in
    cluster_links, link_checks      what a body points at outside; the requester's rights there
    addons                          the add-ons in a body, and which have identities
    node_groups                     the identities and the group that AKS makes for a cluster
    agent_pools                     pools as resources of their own
    run_command, kubectl            commands in a cluster; the lines they are given
    kubernetes, cluster_acts        the objects commands make; what a cluster's identities can do
    kubeconfig                      a way in that leads nowhere

RBAC and the directory:

    role_definitions, roles         the requests; one role and the built-in ones
    role_assignments, assignments   the requests; one assignment
    assignment_checks, conditions   refusals of a PUT; ABAC
    propagation                     when an assignment is readable, and when effective
    deny_assignments, locks         stronger than any role; what nobody may change
    access, permissions             who may do what where, now; the caller's own
    app_rights                      the roles of the app, as its deployer says
    graph                           the few reads of Microsoft Graph

Event Grid:

    event_grid                      from ARM changes to events and their subscriptions
    resource_events                 one event
    event_subscriptions             who wants which events, where, in which form
    event_faults                    lost, doubled, late, out of order
    delivery, event_destinations    attempts and retries; one attempt: a webhook, a queue
    custom_topics                   what clients publish

Steering it while it runs:

    control, event_control          the routes under /_emulator; those about events

Nothing here imports the product: an idea shared by both sides would be invisible when wrong.
"""

from .app import Emulator
from .clock import ManualClock, RealClock
from .knobs import Knobs
from .transport import EmulatorTransport

__all__ = ["Emulator", "EmulatorTransport", "Knobs", "ManualClock", "RealClock"]
