"""Results to share: published runs that can be reused, an RO-Crate, and a single archive of it."""
