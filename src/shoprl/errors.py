"""The errors that users see: each message names what is wrong and what to do about it."""


class ShopRLError(Exception):
    """Base of the errors caused by input or machine; the command line exits with 2 on them."""


class CatalogError(ShopRLError):
    """A catalogue file is missing, truncated, malformed or holds no usable product."""


class GoalError(ShopRLError):
    """A goals or splits file is malformed, or names a product that the catalogue does not hold."""


class PolicyError(ShopRLError):
    """A policy folder is incomplete or was changed, or the policy does not fit its use."""


class BackboneError(ShopRLError):
    """The pretrained encoder cannot be found, or its weights are not the official ones."""


class TrajectoryError(ShopRLError):
    """A trajectory or preference file is malformed or does not fit the catalogue and goals."""


class RunError(ShopRLError):
    """A run folder cannot be used: it exists already, is incomplete, or has other settings."""


class ConfigError(ShopRLError):
    """An option is invalid, alone or together with others."""


class StorageError(ShopRLError):
    """A file could not be written: disk full, no permission, not a folder."""


class LogError(ShopRLError):
    """A log of decisions is missing or malformed."""


class SupportError(ShopRLError):
    """A log cannot tell what another policy would have earned: what that policy does was never tried."""
