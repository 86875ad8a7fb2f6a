"""What Ringproof does: the rules of the domain carried out over the ports, for any door that asks."""
