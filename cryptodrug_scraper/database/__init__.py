"""The PostgreSQL side: schema, embedded server, loading, and which reviews are the same."""
