"""Intermediate representations: what converters return, passes transform and writers write."""
