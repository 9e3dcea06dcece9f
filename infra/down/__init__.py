"""`python -m infra.down`: what `azd down` leaves, which is all that was deployed outside of the one
resource group that it deletes (docs/decisions/0016-to-a-resource-group.md).
"""
