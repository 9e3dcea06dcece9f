"""Everything around the function app: deployment, the emulator, the local Functions host."""
