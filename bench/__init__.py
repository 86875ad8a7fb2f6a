"""Measurements that anyone can repeat with `make bench`; what counts are the ratios within one run."""
