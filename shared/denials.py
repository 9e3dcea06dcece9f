"""What a 403 of ARM says is missing: the action, where, and to whom (pure).

Two texts name it, whoever passes them on: the cloud controller in an event, Go's nested errors, or
ARM itself.

    AuthorizationFailed        … with object id 'P' does not have authorization to perform action
                               'A' over scope 'S' …
    LinkedAuthorizationFailed  … with object id 'P' has permission to perform action 'X' on scope
                               'Y'; however, it does not have permission to perform action(s) 'A'
                               on the linked scope(s) 'S,T' …

Wordings: learn.microsoft.com/azure/role-based-access-control/troubleshooting;
kubernetes-sigs/cloud-provider-azure#1999; Azure/aad-pod-identity#339 (several scopes);
Azure/ARO-RP#423 (a count before the scopes, and what a deny assignment blocks, which no role can
give and is not said to be missing). Others write these texts, so each part is checked.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

from shared.resource_id import InvalidId, guid, parse_scope

_LONGEST = 32_768  # characters looked at; an event of Kubernetes has 1,024
_MOST = 50  # actions, or scopes, of one text

# The same quote, slash and space, as JSON in JSON, a shell or a page of HTML writes them. No
# pattern here can be read in two ways, so none is slow on any text.
_QUOTE = re.compile(r"\\{1,8}(?:u0027|')|&#39;|&apos;")
_SLASH = re.compile(r"\\{1,8}/")
_SPACE = re.compile(r"(?:\\{1,8}[nrt]|\s)+")

_WHO = r"with object id '([^']{36})' "
_PLAIN = re.compile(
    _WHO + r"does not have authorization(?: or an ABAC condition not fulfilled)? "
    r"to perform action '([^']{1,300})' over scope '([^']{1,1024})'"
)
_LINKED = re.compile(
    _WHO + r"has permission to perform action '[^']{1,300}' on scope '[^']{1,1024}' ?;? ?"
    r"however, it does not have permission to perform action(?:\(s\))? '([^']{1,3000})' "
    r"on the (?:'\d{1,4}' )?linked scope\(s\) ?'([^']{1,16384})'"
)
_ACTION = re.compile(r"[A-Za-z][A-Za-z0-9.]*(?:/[A-Za-z0-9_.-]+)+")
_ANY_SCOPE = re.compile(r"/[-A-Za-z0-9_.()/ ]{1,1023}")


@dataclass(frozen=True, slots=True)
class Missing:
    """An action that a principal (GUID) may not do at a scope.

    The scope is spelt as `resource_id.parse_scope` spells it; one that roles are never granted at
    by us, such as a load balancer, as ARM does.
    """

    action: str
    scope: str
    principal: str


def missing(text: str) -> Missing | None:
    """The first of what a text says is missing; None when it says nothing of the kind."""
    return next(all_missing(text), None)


def all_missing(text: str) -> Iterator[Missing]:
    """Everything a text says is missing: each action and scope of it, in the text's order.

    As many actions as scopes belong together in their order, as ARM says (`respectively`).
    """
    text = _plain(text[:_LONGEST])
    found = [*_PLAIN.finditer(text), *_LINKED.finditer(text)]
    for match in sorted(found, key=re.Match[str].start):
        actions, scopes = match[2].split(",")[:_MOST], match[3].split(",")[:_MOST]
        alike = len(actions) == len(scopes)
        pairs = zip(actions, scopes, strict=True) if alike else product(actions, scopes)
        for action, scope in pairs:
            if checked := _checked(action.strip(), scope.strip(), match[1]):
                yield checked


def _plain(text: str) -> str:
    return _SPACE.sub(" ", _SLASH.sub("/", _QUOTE.sub("'", text)))


def _checked(action: str, scope: str, principal: str) -> Missing | None:
    if not _ACTION.fullmatch(action) or not _ANY_SCOPE.fullmatch(scope):
        return None
    try:
        return Missing(action, _spelt(scope), guid(principal, "the object id"))
    except InvalidId:
        return None


def _spelt(scope: str) -> str:
    try:
        return str(parse_scope(scope))
    except InvalidId:
        return scope
