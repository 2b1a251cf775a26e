"""From raw files to posts: formats, images, filters, and the data sets that are made here."""
