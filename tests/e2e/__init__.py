"""End to end: real processes, real clients, TLS and storage; what goes in and what comes out."""
