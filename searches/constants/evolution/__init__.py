"""Evolution of fractions: programs n -> a, b bred by how their convergents behave; limits are looked at last."""
