"""Worlds that want something: documents and messages written against the product, from a seed.

    texts        what is put where an id, a GUID or a name belongs
    topology     clusters with everything that grants are inferred from, well formed
    mutation     the same, spoilt
    linked       the resources that clusters point at
    messages     requests, events and wake-ups, spoilt
    law          policy, read by other means than the product's, as judge of what was written

The fuzz targets (`tests/fuzz`) judge by the same law.
"""
