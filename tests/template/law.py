"""All that must hold of the template, whatever its parameters; each law yields what is wrong."""

from collections.abc import Callable, Iterator

from tests.template.alert_law import activity_logs, unknown_assignments
from tests.template.azure_types import Types
from tests.template.event_law import events, topics
from tests.template.network_law import endpoints, zones
from tests.template.rights_law import assignments, delegation, rights, roles
from tests.template.scope_law import found_by_down, groups
from tests.template.secret_law import closed
from tests.template.settings_law import app_settings, plan
from tests.template.storage_law import lifecycle, names, network
from tests.template.variants import ROOT, Variant


def types(variant: Variant) -> Iterator[str]:
    """Every property is one that Azure knows, of the type and among the values that it takes."""
    read = variant.app.read | variant.events.read
    resources = [*variant.app.resources, *variant.events.resources]
    known = Types(ROOT, {each.type for each in resources} | {kind for kind, _ in read})
    for each in resources:
        yield from known.faults(each)
    for kind, path in read:
        known.check_read(kind, path)


LAWS: tuple[Callable[[Variant], Iterator[str]], ...] = (
    types,
    closed,
    network,
    roles,
    rights,
    assignments,
    delegation,
    events,
    topics,
    lifecycle,
    names,
    groups,
    found_by_down,
    app_settings,
    plan,
    endpoints,
    zones,
    activity_logs,
    unknown_assignments,
)
