"""A function app for the tests of the stack, in a folder of its own as the host wants it."""
