"""Training tasks, their losses and gradients compiled."""
