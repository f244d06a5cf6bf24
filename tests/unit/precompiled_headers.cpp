// Nothing but the precompiled headers of unit_main: a target whose only source goes without them has none to share.
