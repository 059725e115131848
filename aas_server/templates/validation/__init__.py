"""Instances judged by their templates: level by level, rule by rule, with a remedy for each."""
