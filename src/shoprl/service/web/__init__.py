"""The pages that people look at, on the service that answers programs."""
