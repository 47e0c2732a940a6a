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
RAM = Pool(
    "Capacity", tuple(f"{ram} GB RAM | {disk} SSD" for ram in (4, 8, 16, 32) for disk in ("128 GB", "512 GB", "1 TB"))
)
LAPTOP_COLOR = Pool("Color", words("Silver, Black, Space Grey, Midnight Blue, White, Rose Gold, Graphite, Teal"))
LAPTOP_SIZE = Pool("Size", words("11.6 Inch, 13 Inch, 13.3 Inch, 14 Inch, 15.6 Inch, 16 Inch, 17.3 Inch"), True)
DRIVE = Pool("Capacity", words("256 GB, 500 GB, 1 TB, 2 TB, 4 TB, 5 TB, 8 TB"), True)
MEMORY = Pool("Capacity", words("2 GB, 4 GB, 6 GB, 8 GB, 12 GB, 16 GB, 24 GB"), True)
INK = Pool("Color", words("Black, Cyan, Magenta, Yellow, Tri Color, Photo Black, Red, Blue, Green, Violet"))
VOLTS = Pool("Style", words("12V, 18V, 20V, 24V, 40V, 60V"), True)
BLADE = Pool("Size", words("4.5 Inch, 5.5 Inch, 6.5 Inch, 7.25 Inch, 8.25 Inch, 10 Inch, 12 Inch"), True)
POUNDS = Pool("Size", tuple(f"{pounds} Pounds" for pounds in (1, 2, 3, 5, 8, 10, 12, 15, 20, 25, 30, 40, 50)), True)
PIECES = Pool("Size", tuple(f"{count} Pieces" for count in (4, 6, 8, 10, 12, 16, 20, 24, 32, 40, 60, 100, 120)), True)
DRIVE_SIZE = Pool("Style", words("Quarter Inch Drive, Three Eighths Drive, Half Inch Drive, Metric, SAE"))
GLOVES = Pool("Size", words("X-Small, Small, Medium, Large, X-Large, XX-Large"), True)
METAL = Pool(
    "Color",
    words("Gold, Silver, Rose Gold, Black, Brushed Nickel, Chrome, Aged Bronze, Matte Black, Polished Brass, Gunmetal"),
)
WATTS = Pool("Style", tuple(f"{watts}W" for watts in (5, 7, 9, 12, 15, 40, 60, 100, 300, 600, 900, 1200, 1500)), True)
KELVIN = Pool(
    "Color", words("2700K Soft White, 3000K Warm White, 4000K Neutral White, 5000K Daylight, 6500K Cool White")
)
EDITION = Pool(
    "Style",
    words(
        "Classic Edition, Deluxe Edition, Travel Edition, Junior Edition, Party Edition, Second Edition, Starter Kit, "
        "Expansion Pack, Ocean, Space, Jungle, Farm, Castle, Dinosaur, Princess, Robot"
    ),
)
HAIR_COLOR = Pool("Style", words("Blonde Hair, Brown Hair, Black Hair, Red Hair, Pink Hair, Blue Eyes, Brown Eyes"))
TOY_SIZE = Pool("Size", words("6 Inch, 8 Inch, 10 Inch, 12 Inch, 16 Inch, 20 Inch, 24 Inch, 36 Inch"), True)
SCALE = Pool("Size", words("1:10 Scale, 1:12 Scale, 1:14 Scale, 1:16 Scale, 1:18 Scale, 1:24 Scale"), True)
JIGSAW = Pool(
    "Size", words("24 Piece, 48 Piece, 100 Piece, 300 Piece, 500 Piece, 1000 Piece, 1500 Piece, 2000 Piece"), True
)
AGE = Pool("Style", words("1-2 Years, 2-3 Years, 3-5 Years, 5-7 Years, 8-12 Years"), True)
QUARTS = Pool("Size", words("1 Quart, 2 Quarts, 3.5 Quarts, 4 Quarts, 5 Quarts, 6 Quarts, 8 Quarts, 10 Quarts"), True)
CUPS = Pool("Size", words("1 Cup, 2 Cups, 4 Cups, 5 Cups, 8 Cups, 10 Cups, 12 Cups, 14 Cups"), True)
KNIFE = Pool("Size", words("3.5 Inch, 5 Inch, 6 Inch, 7 Inch, 8 Inch, 9 Inch, 10 Inch"), True)
DRINK = Pool("Size", words("8 oz, 11 oz, 12 oz, 15 oz, 16 oz, 17 oz, 20 oz, 24 oz, 30 oz, 32 oz, 40 oz, 64 oz"), True)
THICKNESS = Pool("Size", words("3mm, 4mm, 5mm, 6mm, 8mm, 10mm, 12mm, 15mm"), True)
PERSONS = Pool("Size", words("1 Person, 2 Person, 3 Person, 4 Person, 6 Person, 8 Person, 10 Person"), True)
DEGREES = Pool("Style", words("0 Degree, 15 Degree, 20 Degree, 30 Degree, 40 Degree, 50 Degree"), True)
ROD = Pool(
    "Size", words("5 ft Medium, 6 ft Light, 6 ft Medium, 7 ft Medium, 7 ft Heavy, 8 ft Heavy, 10 ft Heavy"), True
)
HELMET = Pool("Size", words("X-Small, Small, Medium, Large, X-Large"), True)
LOFT = Pool(
    "Style", words("9 Degree, 10.5 Degree, 12 Degree, 52 Degree, 56 Degree, 60 Degree, 33 Inch, 34 Inch, 35 Inch")
)
MEAT = Pool(
    "Flavor Name", words("Chicken, Beef, Salmon, Lamb, Turkey, Duck, Venison, Tuna, Whitefish, Chicken & Rice, Pork")
)
PET_SIZE = Pool("Size", words("X-Small, Small, Medium, Large, X-Large, XX-Large"), True)
GALLONS = Pool(
    "Size", words("1 Gallon, 3 Gallon, 5 Gallon, 10 Gallon, 20 Gallon, 29 Gallon, 40 Gallon, 55 Gallon"), True
)
DESK = Pool("Size", words("32 Inch, 40 Inch, 48 x 24 Inch, 55 x 24 Inch, 60 x 30 Inch, 63 Inch, 72 x 30 Inch"), True)
RULED = Pool("Style", words("College Ruled, Wide Ruled, Dotted, Blank, Grid, Lined"))
TIP = Pool("Style", words("Extra Fine, Fine, 0.3mm, 0.5mm, 0.7mm, 1.0mm, Broad, Chisel"))
DRAWERS = Pool("Style", words("2 Drawer, 3 Drawer, 4 Drawer, 5 Drawer, Letter Size, Legal Size"))
SHEETS = Pool("Style", words("6 Sheets, 8 Sheets, 10 Sheets, 12 Sheets, 15 Sheets, 20 Sheets"), True)
CAR_FIT = Pool("Style", words("Front Pair, Full Set, Rear Bench, Driver Seat, Trunk Only, First Row, Second Row"))
WIPER = Pool("Size", tuple(f"{inches} Inch" for inches in range(14, 30)), True)
VISCOSITY = Pool("Style", words("0W-16, 0W-20, 5W-20, 5W-30, 5W-40, 10W-30, 10W-40, 15W-40, 20W-50, 75W-90"), True)
BULB = Pool("Size", words("H1, H4, H7, H8, H9, H11, H13, 9005, 9006, 9012, 880, D2S"))
TIRE = Pool(
    "Size",
    tuple(f"{width}-{ratio}R{rim}" for rim in (15, 16, 17, 18) for width in (185, 205, 225) for ratio in (55, 65)),
)
STRAP = Pool("Style", words("Leather Band, Metal Band, Silicone Band, Mesh Band, Nylon Band, Ceramic Band"))
CHAIN = Pool("Size", words("14 Inch, 16 Inch, 18 Inch, 20 Inch, 22 Inch, 24 Inch, 30 Inch"), True)
GEM = Pool("Style", words("Diamond White, Ruby Red, Emerald Green, Sapphire Blue, Opal, Amethyst, Topaz, Garnet, Onyx"))
RING = Pool("Size", tuple(f"{half / 2:g}" for half in range(10, 31)), True)
BAG = Pool("Size", words("Mini, Small, Medium, Large, Oversized"), True)
