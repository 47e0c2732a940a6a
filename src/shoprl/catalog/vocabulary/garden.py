"""Product families of the department "garden": home and garden."""

from shoprl.catalog.vocabulary import options
from shoprl.catalog.vocabulary.family import Family, words

_ROOT = "Home & Kitchen"
_THEMES = words(
    "Coastal, Farmhouse, Mid Century, Nordic, Bohemian, Industrial, Rustic, Art Deco, Cottage, Harbor, Willow, "
    "Prairie, "
    "Herringbone, Terrazzo, Geometric, Botanical, Moroccan, Shaker, Zen, Urban Loft, Provence, Highland, Desert Moon, "
    "Scalloped, Fluted, Woven, Hammered, Chevron"
)
_WOODWORK = words(
    "easy assemble, space saving, heavy duty, eco friendly, scratch resistant, water resistant, "
    "assembly required, fully assembled, non slip"
)
_WOODS = words(
    "solid wood, metal legs, storage drawers, open shelf, engineered wood, tempered glass, steel frame, "
    "adjustable feet, wood finish, cable hole"
)
_ROOMS = words("living room, dining room, home office, small apartments, guest room, entry hall, kids room")
_CLOTH = words(
    "machine washable, eco friendly, fade resistant, easy care, super soft, double sided, wrinkle free, "
    "pet friendly, hypoallergenic fill, hand woven"
)
_LAMP = words(
    "energy efficient, easy assemble, height adjustable, space saving, dimmable light, easy install, "
    "eye friendly, heavy duty"
)
_LAMP_PARTS = words(
    "led bulb, linen shade, glass shade, marble base, usb port, foot switch, remote control, brushed nickel, "
    "bronze finish"
)


def _furniture(query: str, leaf: str, kinds: str, more: str, price: tuple[float, float], soft: bool = False) -> Family:
    parts = (*_WOODS, *words(more))
    pools = (options.COLOR, options.BUNDLE) if soft else (options.WOOD, options.INCHES)
    path = f"{_ROOT} › Furniture › {leaf}"
    return Family(query, path, words(kinds), _WOODWORK, parts, _ROOMS, _THEMES, pools, price)


def _lamp(query: str, leaf: str, kinds: str, price: tuple[float, float]) -> Family:
    path = f"{_ROOT} › Lighting & Ceiling Fans › {leaf}"
    return Family(
        query,
        path,
        words(kinds),
        _LAMP,
        _LAMP_PARTS,
        (*_ROOMS, "bedside reading"),
        _THEMES,
        (options.COLOR, options.PACK),
        price,
    )


FAMILIES = (
    _furniture(
        "bookcases",
        "Home Office Furniture › Bookcases",
        "bookcases, ladder shelves, corner bookcases, cube bookshelves",
        "adjustable shelves, glass doors",
        (45, 420),
    ),
    _furniture(
        "coffee tables",
        "Living Room Furniture › Tables › Coffee Tables",
        "coffee tables, lift top coffee tables, nesting tables, round coffee tables",
        "marble top, hidden compartment",
        (55, 480),
    ),
    _furniture(
        "nightstands",
        "Bedroom Furniture › Nightstands",
        "nightstands, bedside tables, floating nightstands, narrow end tables",
        "charging station, soft close drawers",
        (35, 260),
    ),
    _furniture(
        "dining tables",
        "Kitchen & Dining Room Furniture › Tables",
        "dining tables, extendable dining tables, pub tables, drop leaf tables",
        "marble top, hidden leaf",
        (95, 890),
    ),
    _furniture(
        "bar stools",
        "Game & Recreation Room Furniture › Bar Stools",
        "bar stools, counter stools, swivel bar stools, backless stools",
        "foot rest, pu leather, swivel seat, high density foam",
        (40, 320),
        soft=True,
    ),
    _furniture(
        "office chairs",
        "Home Office Furniture › Chairs",
        "office chairs, ergonomic office chairs, drafting chairs, task chairs",
        "lumbar support, pu leather, mesh back, arm rests, high density foam",
        (60, 420),
        soft=True,
    ),
    _furniture(
        "ottomans",
        "Living Room Furniture › Ottomans",
        "ottomans, storage ottomans, poufs, folding footstools",
        "faux leather, velvet cover, high density foam, hidden compartment",
        (25, 220),
        soft=True,
    ),
    _lamp(
        "floor lamps",
        "Lamps & Shades › Floor Lamps",
        "floor lamps, arc floor lamps, tripod floor lamps, torchiere lamps",
        (32, 260),
    ),
    _lamp(
        "table lamps", "Lamps & Shades › Table Lamps", "table lamps, desk lamps, bedside lamps, touch lamps", (18, 170)
    ),
    _lamp(
        "pendant lights",
        "Ceiling Lights › Pendant Lights",
        "pendant lights, island lights, chandeliers, swag lamps",
        (28, 340),
    ),
    Family(
        "mattresses",
        f"{_ROOT} › Furniture › Bedroom Furniture › Mattresses & Box Springs",
        words("mattresses, foam mattresses, hybrid mattresses, mattress toppers"),
        words(
            "ready use, pressure relieving, motion isolating, certified safe, fully assembled, "
            "breathable cover, medium firm"
        ),
        words("memory foam, pocket springs, cooling gel, high density foam, bamboo cover, natural latex"),
        words("side sleepers, guest room, kids room, back pain, bunk beds"),
        _THEMES,
        (options.BED, options.INCHES),
        (90, 980),
    ),
    Family(
        "throw pillows",
        f"{_ROOT} › Bedding › Decorative Pillows, Inserts & Covers",
        words("throw pillows, pillow covers, lumbar pillows, floor cushions"),
        _CLOTH,
        words("hidden zipper, tassel trim, cotton linen, faux fur, velvet cover, embroidered front"),
        words("living room, reading nooks, patio sofas, kids room"),
        _THEMES,
        (options.COLOR, options.PILLOW),
        (8, 60),
    ),
    Family(
        "duvet covers",
        f"{_ROOT} › Bedding › Duvets, Covers & Sets",
        words("duvet covers, quilts, bedspreads, comforters"),
        _CLOTH,
        words("corner ties, washed cotton, button closure, microfiber fabric, pillow shams, hidden zipper"),
        words("queen size bed, king size bed, guest room, dorm room, hot sleepers"),
        _THEMES,
        (options.COLOR, options.BED),
        (22, 180),
    ),
    Family(
        "curtains",
        f"{_ROOT} › Home Décor Products › Window Treatments › Curtains & Drapes",
        words("curtains, blackout curtains, sheer curtains, cafe curtains"),
        (*_CLOTH, *words("room darkening, noise reducing, energy efficient")),
        words("rod pocket, grommet top, thermal lining, linen blend, tie backs"),
        words("living room, kids room, dining room, patio doors"),
        _THEMES,
        (options.COLOR, options.PANEL),
        (12, 110),
    ),
    Family(
        "shower curtains",
        f"{_ROOT} › Bath › Bathroom Accessories › Shower Curtains",
        words("shower curtains, shower liners, waffle shower curtains, printed shower curtains"),
        (*_CLOTH, *words("water repellent, quick dry")),
        words("weighted hem, metal grommets, plastic hooks, waffle weave, magnet bottom"),
        words("guest bathroom, walk in showers, hotel suites, small bathtubs"),
        _THEMES,
        (options.COLOR, options.SUBJECT),
        (9, 54),
    ),
    Family(
        "area rugs",
        f"{_ROOT} › Home Décor Products › Area Rugs, Runners & Pads",
        words("area rugs, runner rugs, shag rugs, outdoor rugs"),
        (*_CLOTH, *words("non slip, stain resistant, easy clean")),
        words("cotton backing, jute fibers, wool pile, low pile, fringe edges"),
        words("living room, dining room, entry hall, kids room, home office"),
        _THEMES,
        (options.COLOR, options.RUG),
        (22, 460),
    ),
    Family(
        "wall art",
        f"{_ROOT} › Wall Art › Posters & Prints",
        words("wall art, canvas prints, framed prints, metal wall signs"),
        words("ready hang, hand painted, fade resistant, easy clean, water resistant, printed locally"),
        words("wood frame, gallery canvas, hanging kit, textured paper, printing technology"),
        words("living room, dining room, home office, kids room, waiting rooms"),
        _THEMES,
        (options.SUBJECT, options.FRAME),
        (11, 160),
    ),
    Family(
        "wall mirrors",
        f"{_ROOT} › Home Décor Products › Mirrors › Wall-Mounted Mirrors",
        words("wall mirrors, full length mirrors, arched mirrors, vanity mirrors"),
        words("wall mounted, shatter proof, easy install, high definition, fog proof, hand crafted"),
        words("wood frame, metal frame, led bulb, beveled edge, hanging kit"),
        words("living room, entry hall, guest bathroom, dressing corners"),
        _THEMES,
        (options.FRAME, options.WOOD),
        (24, 290),
    ),
    Family(
        "candles",
        f"{_ROOT} › Home Décor Products › Candles & Holders",
        words("candles, jar candles, pillar candles, tea lights, tin candles"),
        words("long lasting, lead free, hand poured, smoke free, eco friendly, clean burning"),
        words("soy wax, essential oils, cotton wick, wooden wick, beeswax blend"),
        words("living room, bubble baths, baby shower, yoga sessions, dinner parties"),
        _THEMES,
        (options.SCENT, options.PACK, options.COLOR),
        (6, 58),
    ),
    Family(
        "chair covers",
        f"{_ROOT} › Home Décor Products › Slipcovers",
        words("chair covers, seat protectors, furniture slipcovers, stool cushions"),
        (*_CLOTH, *words("non slip, stain resistant, easy install")),
        words("elastic hem, foam anchors, spandex fabric, side ties, memory foam"),
        words("dining room, banquet halls, wedding parties, kids room"),
        _THEMES,
        (options.COLOR, options.PACK),
        (9, 80),
        True,
    ),
    Family(
        "planters",
        "Patio, Lawn & Garden › Gardening & Lawn Care › Pots, Planters & Container Accessories",
        words("planters, hanging planters, window boxes, self watering pots, succulent pots"),
        words("frost resistant, uv resistant, hand glazed, light weight, eco friendly, self watering"),
        words("drainage hole, bamboo tray, metal stand, ceramic body, recycled plastic"),
        words("balcony rails, herb gardens, front porch, indoor plants"),
        _THEMES,
        (options.COLOR, options.INCHES),
        (8, 120),
    ),
)
