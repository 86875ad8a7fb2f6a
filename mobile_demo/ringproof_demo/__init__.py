"""The demo app: verifies a phone number with the Ringproof SDK, on a phone or on a desk."""
