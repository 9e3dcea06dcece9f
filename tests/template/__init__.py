"""The deployment template, checked without Azure."""
