"""Azure on this machine: ARM with AKS and RBAC, managed identity, Event Grid, faults and a clock.

The map:

    __main__, server        the TLS server and its flags          (mouth two)
    transport               an azure-core transport, in process   (mouth one)
    app                     one request: caller, faults, rights, route, ledger
    wire, world, clock, knobs, keys, faults, control
    subscriptions, groups, resources, resource_types, operations
    clusters, cluster_*, node_groups, agent_pools, run_command, kubeconfig
    identity                token endpoint and tokens
    role_definitions, role_assignments, deny_assignments, access, permissions, graph
    event_grid, event_*, delivery, custom_topics

Nothing here imports the product: an idea shared by both sides would be invisible when wrong.
"""

from .app import Emulator
from .clock import ManualClock, RealClock
from .knobs import Knobs
from .transport import EmulatorTransport

__all__ = ["Emulator", "EmulatorTransport", "Knobs", "ManualClock", "RealClock"]
