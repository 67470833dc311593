"""Studies of second derivatives: the Hessians of residuals at initialisation, for every s (THEORY §10)."""
