"""Instances made after templates: which prototypes, what they are called, what stands in them."""
