"""What is put where an id, a GUID or a name belongs."""

import random

ELSEWHERE = "99999999-2222-3333-4444-555555555555"  # a subscription that is not managed
OWNER = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"  # the role
LONG = 64 * 1024

INSERTS = (
    "../", "/..", "/../../..", "./", "//", "%2e%2e/", "%2E%2E%2F", "%252e", "%00", "?", "#", "#/",
    "?api-version=1", "\\", "\\..\\", ";", "'", '"', "`id`", "$(id)", "{", "{name}", "*", "[a-z]",
    " ", "\t", "\n", "\r\n", "\r\nX-Injected: 1", "\x00", "\x1b[31m", "\x7f", "\x85", "\u2028",
    "\u202e", "\u200b", "\ufeff", "\uff0e\uff0e/", "\uff0f", "\u0130", "\u017f", "\u212a",
    "\u0661", "\u00b2", "é", "💥", "\ud800",
)  # fmt: skip

WORDS = (
    "", " ", ".", "..", "/", "//", "null", "None", "true", "0", "-1", "1e999", "NaN", "msi", "*",
    "system", "none", "SystemAssigned", "https://evil.example/x", "//evil.example/x", "$&<script>",
    "\u0661\u0661\u0661", "%s%s%n", "{0.__class__}", "'; DROP TABLE clusters; --",
)  # fmt: skip


def scopes(subscription: str) -> tuple[str, ...]:
    """Scopes where nothing may be granted, or that are none."""
    group = f"/subscriptions/{subscription}/resourceGroups"
    net = f"{group}/net-main/providers/Microsoft.Network/virtualNetworks/v"
    return (
        f"/subscriptions/{subscription}",
        f"/subscriptions/{subscription}/",
        "/providers/Microsoft.Management/managementGroups/root",
        f"/subscriptions/{subscription}/providers/Microsoft.Authorization/roleAssignments/{OWNER}",
        f"{group}/private",
        f"{group}/private/providers/Microsoft.Network/virtualNetworks/v/subnets/nodes",
        f"{group}/net-main-not",
        f"{group}/xnet-main",
        f"{group}/MC_clusters_c_westus2",
        f"{group}/net-main/../private",
        f"{group}/net-main/../../..",
        f"{group}/net-main%2f..%2fprivate",
        f"{net}/subnets/nodes/../../../../../..",
        f"{net}/subnets/nodes/providers/Microsoft.Authorization/roleAssignments/{OWNER}",
        f"{group}/net-main/providers/Microsoft.Compute/virtualMachines/vm",
        f"{group}/net-main/providers/Microsoft.Authorization/roleDefinitions/{OWNER}",
        f"{group}/net-main/providers/Microsoft.Network/virtualNetworks",
        f"/subscriptions/{ELSEWHERE}/resourceGroups/net-main",
        f"{net}/subnets/nodes".replace(subscription, ELSEWHERE),
        f"https://management.azure.com{net}",
    )


def spoilt(text: str, chance: random.Random) -> str:
    """The text with something in it, at it or in place of a part of it."""
    insert = chance.choice(INSERTS)
    place = chance.randrange(len(text) + 1)
    taken = chance.choice((0, 0, 1, 3))
    return text[:place] + insert + text[place + taken :]


def hostile(text: str, subscription: str, chance: random.Random) -> str:
    """Some text in place of this one."""
    match chance.randrange(8):
        case 0 | 1 | 2:
            return spoilt(text, chance)
        case 3:
            return chance.choice(WORDS)
        case 4 | 5:
            return chance.choice(scopes(subscription))
        case 6:
            return text.swapcase()
        case _:
            return chance.choice((text * 40, "a" * 3000, text + "/" * 50, text[::-1]))
