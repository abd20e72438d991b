"""What every service stands on and no service owns: small enough to read in one sitting.

Arrows go one way: ``deploy -> services -> shared``. Nothing here knows a service's code.
"""
