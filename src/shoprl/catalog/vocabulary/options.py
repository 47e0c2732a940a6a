"""The values options are drawn from; none holds "/", "[" or "]", which WebShop's files and actions give a meaning."""

from shoprl.catalog.vocabulary.family import Pool, words

BASE_COLORS = words(
    "Black, White, Navy, Charcoal, Grey, Silver, Ivory, Beige, Khaki, Tan, Brown, Walnut, Espresso, Burgundy, Wine, "
    "Red, Coral, Orange, Mustard, Yellow, Gold, Olive, Green, Mint, Sage, Teal, Turquoise, Aqua, Blue, Cobalt, Indigo, "
    "Purple, Lavender, Plum, Pink, Rose, Blush, Copper, Bronze, Cream, Slate, Rust, Peach, Denim"
)
SHADES = words(
    "Dusty, Deep, Pale, Misty, Dark, Light, Heather, Vintage, Bright, Soft, Smoky, Faded, Winter, Desert, Midnight, "
    "Matte, Pearl, Washed, Stormy, Sunset"
)
PATTERNS = words("Stripe, Plaid, Floral, Camo, Marble, Leopard, Gingham, Polka Dot, Tie Dye, Paisley, Ombre, Checkered")
_SHADED = tuple(f"{shade} {color}" for shade in SHADES for color in BASE_COLORS)
_PATTERNED = tuple(f"{color} {pattern}" for color in BASE_COLORS[::3] for pattern in PATTERNS)
_CODED = tuple(
    f"{letter}{digit}-{color}" for letter in "ABDX" for digit in (1, 2, 3, 7, 12) for color in BASE_COLORS[::4]
)
# Plain colours are offered far more often than any one rare colour.
COLOR = Pool("Color", BASE_COLORS * 12 + _SHADED + _PATTERNED + _CODED)
FINISH = Pool(
    "Color", words("Black, White, Silver, Space Grey, Graphite, Midnight Blue, Rose Gold, Red, Mint Green, Sand")
)
WOOD = Pool(
    "Color",
    words(
        "Natural Oak, Walnut, Espresso, White, Black, Rustic Brown, Grey Wash, Cherry, Honey Pine, Dark Mahogany, "
        "Weathered Teak, Antique White, Light Ash, Barnwood, Black Marble, Whitewash, Driftwood, Charcoal Oak"
    ),
)
SHADE = Pool(
    "Color",
    tuple(
        f"{number:02d} {name}"
        for number, name in enumerate(
            words(
                "Porcelain, Ivory, Nude, Petal, Rosewood, Cherry, Mauve, Berry, Brick, Cocoa, Honey, Amber, Sienna, "
                "Fig, Ruby, Cinnamon, Truffle, Orchid, Dahlia, Garnet, Toffee, Lilac, Poppy, Bare, Blossom"
            ),
            1,
        )
    ),
)
HAIR = Pool(
    "Color",
    tuple(
        f"{number} {name}"
        for number, name in zip(
            words("1, 1B, 2, 4, 4A, 6, 8, 10, 12, 27, 30, 33, 60, 99J, 350, 613"),
            words(
                "Jet Black, Off Black, Darkest Brown, Chocolate Brown, Mocha, Chestnut, Light Brown, Golden Brown, "
                "Caramel, Honey Blonde, Auburn, Dark Auburn, Platinum, Wine Red, Copper, Bleach Blonde"
            ),
            strict=True,
        )
    ),
)
CLOTHES = Pool(
    "Size", words("XX-Small, X-Small, Small, Medium, Large, X-Large, XX-Large, 3X-Large, 4X-Large, 5X-Large"), True
)
SHOES = Pool("Size", tuple(f"{half / 2:g}" for half in range(8, 31)), True)
WIDTH = Pool("Style", words("Narrow, Regular, Wide, X-Wide"), True)
WAIST = Pool("Size", tuple(f"{waist}W x {length}L" for waist in range(28, 45, 2) for length in (30, 32, 34)), True)
FIT = Pool("Fit Type", words("Slim, Regular, Relaxed, Big & Tall, Petite"))
BELT = Pool("Size", tuple(f"{inches} Inches" for inches in range(28, 54, 2)), True)
KIDS = Pool("Size", words("2T, 3T, 4T, 5 Years, 6 Years, 7-8 Years, 9-10 Years, 11-12 Years, 13-14 Years"), True)
BED = Pool("Size", words("Twin, Twin XL, Full, Queen, King, California King"), True)
RUG = Pool(
    "Size", tuple(f"{w}' x {h}'" for w, h in ((2, 3), (2, 8), (3, 5), (4, 6), (5, 7), (6, 9), (8, 10), (9, 12))), True
)
FRAME = Pool(
    "Size",
    tuple(f'{w}" x {h}"' for w, h in ((8, 10), (12, 16), (16, 20), (18, 24), (20, 30), (24, 36), (30, 40))),
    True,
)
PILLOW = Pool("Size", tuple(f'{side}" x {side}"' for side in (12, 14, 16, 18, 20, 22, 24, 26)), True)
PANEL = Pool("Size", tuple(f'{w}" W x {h}" L' for w in (38, 42, 52) for h in (45, 54, 63, 72, 84, 96, 108)), True)
INCHES = Pool("Size", tuple(f"{inches} Inch" for inches in (10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30, 36)), True)
MILLILITRES = Pool("Size", tuple(f"{size} ml" for size in (15, 30, 50, 75, 100, 150, 200, 250, 400, 500)), True)
FLUID_OUNCES = Pool(
    "Size", tuple(f"{size} Fl Oz (Pack of {pack})" for pack in (1, 2, 3) for size in (3.4, 8, 12, 16, 32)), True
)
OUNCES = Pool(
    "Size",
    tuple(f"{size} Ounce (Pack of {pack})" for pack in (1, 2, 3, 6, 12) for size in (1.5, 4, 6, 8, 12, 16, 32)),
    True,
)
PACK = Pool("Item Package Quantity", words("1, 2, 3, 4, 5, 6, 8, 10, 12, 24"), True)
CABLE = Pool("Size", tuple(f"{feet} Feet" for feet in (1, 3, 6, 10, 15, 25, 35, 50, 75, 100)), True)
STORAGE = Pool("Style", words("16 GB, 32 GB, 64 GB, 128 GB, 256 GB, 512 GB, 1 TB"), True)
PHONES = Pool(
    "Size",
    tuple(f"Orva {model}{suffix}" for model in range(7, 16) for suffix in ("", " Pro", " Max")),
    True,
)
WATCHES = Pool("Size", words("38mm, 40mm, 41mm, 42mm, 44mm, 45mm, 46mm, 49mm"), True)
SCREENS = Pool("Size", tuple(f"{inches} Inch" for inches in (22, 24, 27, 29, 32, 34, 38, 40, 43, 49, 55, 65)), True)
KEYS = Pool("Style", words("Linear Red Switch, Tactile Brown Switch, Clicky Blue Switch, Silent Switch"))
LENSES = Pool("Style", words("8x21, 8x25, 8x32, 8x42, 10x25, 10x42, 10x50, 12x42, 12x50, 16x52"), True)
BUNDLE = Pool("Style", words("Single, Twin Pack, Starter Kit, Complete Set, With Carry Bag, Refill Only"))
BRISTLE = Pool("Style", words("Extra Soft, Soft, Medium, Firm"), True)
_NOTES = words(
    "Vanilla, Lavender, Sandalwood, Cedar, Jasmine, Rose, Bergamot, Amber, Coconut, Eucalyptus, Peppermint, Lemon, "
    "Green Tea, Fig, White Musk, Honeysuckle, Sea Salt, Patchouli, Orange Blossom, Cinnamon, Clove, Pine, Linen"
)
SCENT = Pool("Scent", (*_NOTES * 6, "Unscented", *(f"{a} & {b}" for a in _NOTES for b in _NOTES if a < b)))
_FRUITS = words(
    "Strawberry, Blueberry, Mango, Peach, Apple, Cherry, Lemon, Lime, Banana, Raspberry, Pineapple, Coconut, Orange, "
    "Apricot, Cranberry, Pomegranate, Watermelon"
)
_SWEETS = words(
    "Vanilla, Dark Chocolate, Milk Chocolate, Caramel, Peanut Butter, Almond, Hazelnut, Maple, Cinnamon, Honey, Mocha, "
    "Cookie Dough, Pumpkin Spice, Salted Caramel, Mint"
)
_SAVOURY = words(
    "Sea Salt, Cracked Pepper, Smoked Paprika, Garlic, Rosemary, Jalapeno, Barbecue, White Cheddar, "
    "Sour Cream, Chipotle, "
    "Teriyaki, Lime Chili, Roasted Onion, Tomato Basil, Honey Mustard, Sesame, Everything Seed, Original"
)
SWEET = Pool("Flavor Name", (*_SWEETS, *_FRUITS, *(f"{a} {b}" for a in _SWEETS for b in _FRUITS)))
FRUITY = Pool("Flavor Name", (*_FRUITS * 2, *(f"{a} {b}" for a in _FRUITS for b in _FRUITS if a != b)))
SAVOURY = Pool("Flavor Name", (*_SAVOURY * 2, *(f"{a} & {b}" for a in _SAVOURY for b in _SAVOURY if a < b)))
TEA = Pool(
    "Flavor Name",
    (*_FRUITS, "Jasmine", "Ginger", "Mint", *(f"{a} {b}" for a in _FRUITS for b in ("Ginger", "Mint", "Rose"))),
)
ROAST = Pool(
    "Flavor Name",
    words(
        "Light Roast, Medium Roast, Dark Roast, French Roast, Hazelnut, Mocha, Vanilla, Decaf, "
        "Breakfast Blend, House Blend"
    ),
)
SUBJECT = Pool(
    "Pattern Name",
    tuple(
        f"{what} {where}"
        for what in words("Heron, Fox, Whale, Poppy, Sailboat, Mountain, Birch, Moon, Koi, Elk, Fern, Lighthouse")
        for where in words("at Dawn, in Mist, Sketch, Watercolor, in Blue, by Night")
    ),
)
