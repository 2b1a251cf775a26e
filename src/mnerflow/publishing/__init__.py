"""Results given away: as published runs that can be taken over, as an RO-Crate, and as one archive of it."""
