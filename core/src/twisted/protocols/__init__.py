"""Small protocols and the building blocks that larger protocols are made of."""
