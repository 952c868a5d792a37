"""All SQL of catalog, one module a subject.

Rows are locked in one order everywhere: reservation, then products by id, then the event numbers of these products.
``FOR NO KEY UPDATE`` keeps writers apart and lets a review's foreign key pass.
"""
