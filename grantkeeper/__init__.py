"""The operator's commands: ask for a cluster, follow it, check the policy, explain what is granted.

They talk to the work account's queue and tables; `explain` and `roles` read Azure Resource Manager
as well, and none writes to it: that is the app's affair.
"""
