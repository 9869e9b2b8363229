"""The training engine of the figures: its kernels, and the modules that train networks with them."""
