"""What the benchmarks of training speed share: games, the two toolkits, and the report."""
