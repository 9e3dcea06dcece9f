"""The operator's commands: ask for a cluster, see how far it got, follow it, check the policy.

They talk to the work account's queue and tables only; Azure Resource Manager is the app's affair.
"""
