"""A throw-away certificate authority and the server certificate it signs, kept in a folder."""

from __future__ import annotations

import ssl
from pathlib import Path

import trustme

from . import private_file

CA_FILE = "ca.pem"
_SERVER_FILE = "server.pem"


def ensure(folder: Path) -> Path:
    """Make CA and server certificate unless they are there; the path of the CA's certificate.

    The CA's key is not kept: nobody can sign anything else with it.
    """
    ca_path, server_path = folder / CA_FILE, folder / _SERVER_FILE
    if not (ca_path.exists() and server_path.exists()):
        authority = trustme.CA(organization_name="Local Azure emulator")
        certificate = authority.issue_cert("localhost", "127.0.0.1", "::1")
        private_file.write(server_path, certificate.private_key_and_cert_chain_pem.bytes())
        private_file.write(ca_path, authority.cert_pem.bytes())
    return ca_path


def server_context(folder: Path) -> ssl.SSLContext:
    """The TLS settings of the server; `ensure` comes first."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(folder / _SERVER_FILE)
    return context
