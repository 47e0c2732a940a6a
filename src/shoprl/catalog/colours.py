"""Colours as WebShop's reward knows them."""

from functools import lru_cache

# WebShop's colour names in its order: the first one found in a text stands for it.
_COLOUR_NAMES = (
    "alabaster apricot aqua ash asphalt azure banana beige black blue blush bordeaux bronze brown burgundy camel "
    "camo caramel champagne charcoal cheetah chestnut chocolate christmas coffee cognac copper coral cranberry "
    "cream crystal dark denim eggplant elephant espresso fuchsia gold granite grape graphite grass gray green "
    "grey heather indigo ivory ivy khaki lavender lemon leopard light lilac lime magenta maroon mauve merlot "
    "midnight mint mocha multicolor mushroom mustard natural navy nude olive orange peach pewter pink plum purple "
    "rainbow red rose royal rust sand sapphire seashell silver skull slate steel stone stonewash sunflower tan "
    "taupe teal tiger turquoise violet walnut wheat white wine yellow"
)
COLOURS = tuple(_COLOUR_NAMES.split())


@lru_cache(maxsize=20_000)
def normalize_colour(text: str) -> str:
    """The first of WebShop's colour names that occurs in ``text``, or ``text`` itself."""
    return next((colour for colour in COLOURS if colour in text), text)
