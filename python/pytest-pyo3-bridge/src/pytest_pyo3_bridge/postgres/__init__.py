"""What do the Postgres checks stand on? A driver as a core adapter, an observer, and servers of their own."""
