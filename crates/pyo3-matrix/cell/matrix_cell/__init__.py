"""What a cell of the matrix tells about itself: identity, events, memory. Knows no extension by name."""
