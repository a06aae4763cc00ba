"""Tables of samples from every source, and what each of their columns holds."""
