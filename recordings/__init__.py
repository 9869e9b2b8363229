"""Makes what `gan_tutorial/recorded/` holds: results that are too long for a build. Not installed."""
