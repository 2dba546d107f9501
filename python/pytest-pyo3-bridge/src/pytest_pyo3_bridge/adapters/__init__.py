"""Which drivers does the kit know by itself? A module each, whose `Adapter` names the driver and its version."""
