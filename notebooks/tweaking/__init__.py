"""The room of notebook 2: scenarios to start from and keep, the cases to choose, and the cases that move."""
