"""From raw files to posts: formats, images, filters, and data sets that mnerflow makes itself."""
