"""The version of the package, apart from it so that nothing need import the whole."""

__version__ = "0.1.0"
