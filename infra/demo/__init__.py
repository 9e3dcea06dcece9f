"""The main job shown on this machine: from a request to clusters whose permissions work.

A client like any other: it asks through the operator's commands, and looks through ARM.
"""
