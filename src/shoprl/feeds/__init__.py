"""Catalogues from the files and databases that shops have: any feed."""
