"""What must hold of any asyncio driver of Postgres? A file per subject."""
