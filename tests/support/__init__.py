"""What tests share: a clock to turn by hand, a store without a disk."""
