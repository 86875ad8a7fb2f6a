"""A regular package: without this file a library that installs a package of this name would hide it."""
