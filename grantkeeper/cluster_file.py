"""A managed cluster's JSON from a file, as ARM writes it or as the Azure CLI prints it.

`az aks show` prints what ARM has below `properties` beside `id` and `name`, and its names differ in
case only (`vnetSubnetId` for `vnetSubnetID`: they come from the SDK's `vnet_subnet_id`), which
`shared.document` overlooks.
"""

import json
import sys
from pathlib import Path

import msgspec

from grantkeeper.failure import CommandFailed, ExitCode
from shared import wire
from shared.document import decode
from shared.model import Cluster

STANDARD_INPUT = "-"


def read(name: str) -> Cluster:
    """The cluster in the file of this name, or on standard input. Raises `CommandFailed`."""
    try:
        is_input = name == STANDARD_INPUT
        text = sys.stdin.buffer.read() if is_input else Path(name).read_bytes()
    except OSError as error:
        raise CommandFailed(ExitCode.WRONG_INPUT, f"{name}: {error.strerror}") from None
    try:
        return parse(text)
    except (msgspec.DecodeError, UnicodeError) as error:
        raise CommandFailed(
            ExitCode.WRONG_INPUT, f"{name}: not the JSON of one managed cluster: {error}"
        ) from None


def parse(text: bytes) -> Cluster:
    """The cluster in a text of either form; a property's path is always as in ARM's.

    Raises `msgspec.DecodeError`, and `UnicodeError` when it is no text.
    """
    # PowerShell's `>` writes UTF-16, and its Out-File begins with a byte order mark.
    document = decode(text.decode(json.detect_encoding(text)).encode())
    body = document.value
    if not document.at("properties"):
        body = {**body, "properties": body}
    return wire.cluster(msgspec.json.encode(body))
