"""Transformations between intermediate representations: `quantise` and `leaves`, then `layout`."""
