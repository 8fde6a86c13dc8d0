"""What the training and export scripts share: the game connection, environments, checkpoints, reports."""
