"""What tests share: toy shops, networks without weights, recordings, runs."""
