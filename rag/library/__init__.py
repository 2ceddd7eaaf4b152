"""What has been loaded, on disk."""
