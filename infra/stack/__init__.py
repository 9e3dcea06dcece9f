"""The product's surroundings on this machine: Azurite, the emulator of Azure, the Functions host.

`make up` and `make down` are `python -m infra.stack up|down`; tests and the demo use
`infra.stack.stack.Stack`. Nothing here knows what the function app does, but for its settings.
"""
