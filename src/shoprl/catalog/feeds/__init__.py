"""Reads what shops export: any file of products, whatever its format and its fields are called."""
