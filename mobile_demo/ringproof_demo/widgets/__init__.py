"""What screens are made of: text, buttons, fields, cards and drawings, in the colours of the theme."""
