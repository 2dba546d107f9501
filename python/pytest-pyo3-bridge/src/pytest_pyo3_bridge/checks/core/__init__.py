"""What must hold of any awaitable whose work is done in Rust? A file per subject."""
