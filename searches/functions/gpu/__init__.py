"""The fit of constants on a GPU."""
