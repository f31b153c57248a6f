"""What GPU kernels need: the devices there are, compilation (with or without a device), and PTX run without one."""
