"""What Ringproof knows: plain values and rules, without I/O, clock or randomness of their own."""
