"""The kit of pages: access, headers, errors, forms, uploads. Knows no room, and no table but through `acts`."""
