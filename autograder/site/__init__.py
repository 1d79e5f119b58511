"""The course as a static book: what stands in the repository, laid out for Sphinx, and the pages that are made from it."""
