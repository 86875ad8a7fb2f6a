"""One screen for each kind of view; each is built once and then follows its view."""
