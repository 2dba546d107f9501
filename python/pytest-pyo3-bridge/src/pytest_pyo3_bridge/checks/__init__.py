"""What must hold? Two layers: any awaitable (`core`), and any Postgres driver (`postgres`)."""
