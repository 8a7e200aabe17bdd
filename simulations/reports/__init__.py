"""What a report says, draws and writes: findings, figures, the first page and the tables."""
