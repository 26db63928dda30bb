"""What somebody should look at, from all rooms: found, kept, sent out, shown."""
