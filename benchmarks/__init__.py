"""How fast Paylake is: `make bench`. Figures to look at, never assertions; what must hold is in tests/."""
