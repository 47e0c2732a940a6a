"""The errors a user can meet: each message names what is wrong and what to do about it."""


class ShopRLError(Exception):
    """Base of every error that is the input's or the machine's fault; the command line exits with 2 on it."""


class CatalogError(ShopRLError):
    """A catalogue file is missing, truncated, malformed or holds no usable product."""


class GoalError(ShopRLError):
    """A goals or splits file is malformed, or names a product that the catalogue does not hold."""


class PolicyError(ShopRLError):
    """A policy folder is incomplete, was tampered with, or does not fit what is asked of it."""


class BackboneError(ShopRLError):
    """The pretrained encoder cannot be found, or is not the file it claims to be."""


class TrajectoryError(ShopRLError):
    """A trajectory or preference file is malformed or does not fit the catalogue and goals."""


class RunError(ShopRLError):
    """A run folder cannot be used: it exists already, is incomplete, or was made with other settings."""


class ConfigError(ShopRLError):
    """Options that do not make sense, alone or together."""


class StorageError(ShopRLError):
    """A file could not be written: disk full, no permission, not a folder."""
