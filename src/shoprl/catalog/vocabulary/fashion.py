"""Product families of the department "fashion"."""

from shoprl.catalog.vocabulary import options
from shoprl.catalog.vocabulary.family import Family, words

_ROOT = "Clothing, Shoes & Jewelry"
_THEMES = words(
    "Weekender, Heritage, Harbor, Trail, Riviera, Boulevard, Everyday, Vista, Prairie, Metro, Canyon, Sierra, Retro, "
    "Court, Voyager, Bay, Ranch, Campus, Studio, Solstice, Breeze, Summit, Garden, Nomad, Classic, Lagoon, Crest, Dune"
)
_WASH = words(
    "machine washable, hand wash, quick drying, wrinkle free, light weight, easy care, moisture wicking, "
    "tumble dry, pre shrunk, officially licensed"
)
_TOP = words(
    "long sleeve, short sleeve, button closure, crew neck, v neck, polyester spandex, soft cotton, "
    "chest pocket, ribbed cuffs, flowy hem"
)
_BOTTOM = words(
    "elastic waist, high waist, drawstring closure, side pockets, nylon spandex, tummy control, "
    "zipper closure, wide legs, denim fabric, straight leg"
)
_SHOE_TRAITS = words(
    "slip resistant, water resistant, light weight, non slip, breathable mesh upper, machine washable, "
    "day comfort, vegan friendly, hand stitched"
)
_SHOE = words(
    "rubber sole, memory foam, arch support, ankle strap, lace closure, steel toe, faux fur, leather upper, "
    "ethylene vinyl, open toe, buckle strap"
)
_WEAR = words(
    "daily wear, gym workout, beach vacation, work office, date night, school days, holiday parties, tropical vacation"
)
_STEP = words("daily wear, gym workout, winter walks, long shifts, wedding parties, trail hikes, beach vacation")


def _section(who: str) -> str:
    return who.removesuffix("'s").removesuffix("'").capitalize()


def _clothes(who: str, what: str, path: str, kinds: str, parts: tuple[str, ...], price: tuple[float, float]) -> Family:
    sized = options.KIDS if who in ("girls'", "boys'") else options.CLOTHES
    path = f"{_ROOT} › {_section(who)} › Clothing › {path}"
    named = tuple(f"{who} {kind}" for kind in words(kinds))
    pools = (options.COLOR, sized, options.FIT)
    return Family(f"{who} {what}", path, named, _WASH, parts, _WEAR, _THEMES, pools, price)


def _shoes(who: str, what: str, path: str, kinds: str, price: tuple[float, float]) -> Family:
    path = f"{_ROOT} › {_section(who)} › Shoes › {path}"
    named = tuple(f"{who} {kind}" for kind in words(kinds))
    pools = (options.SHOES, options.COLOR, options.WIDTH)
    return Family(f"{who} {what}", path, named, _SHOE_TRAITS, _SHOE, _STEP, _THEMES, pools, price)


FAMILIES = (
    _shoes(
        "men's",
        "running shoes",
        "Athletic › Running",
        "running shoes, trail running shoes, walking shoes, track spikes",
        (28, 170),
    ),
    _shoes("men's", "boots", "Boots", "boots, work boots, chukka boots, hiking boots, snow boots", (38, 240)),
    _shoes("men's", "loafers", "Loafers & Slip-Ons", "loafers, driving loafers, boat shoes, penny loafers", (24, 160)),
    _shoes(
        "women's",
        "sneakers",
        "Fashion Sneakers",
        "sneakers, platform sneakers, canvas sneakers, slip on sneakers",
        (22, 140),
    ),
    _shoes("women's", "sandals", "Sandals", "sandals, wedge sandals, slide sandals, gladiator sandals", (14, 110)),
    _shoes(
        "women's",
        "boots",
        "Boots › Ankle & Bootie",
        "ankle boots, knee high boots, chelsea boots, rain boots",
        (30, 220),
    ),
    _shoes("women's", "slippers", "Slippers", "slippers, house slippers, clog slippers, bootie slippers", (11, 60)),
    _clothes(
        "men's",
        "shirts",
        "Shirts › Button-Down Shirts",
        "button down shirts, flannel shirts, linen shirts, dress shirts",
        _TOP,
        (14, 85),
    ),
    _clothes(
        "men's",
        "t-shirts",
        "Shirts › T-Shirts",
        "t-shirts, graphic t-shirts, pocket t-shirts, henley t-shirts",
        _TOP,
        (8, 42),
    ),
    _clothes(
        "men's",
        "hoodies",
        "Fashion Hoodies & Sweatshirts",
        "hoodies, zip hoodies, pullover hoodies, fleece sweatshirts",
        (*_TOP, "drawstring hood", "fleece lining"),
        (18, 90),
    ),
    _clothes("men's", "shorts", "Shorts", "shorts, cargo shorts, chino shorts, swim shorts", _BOTTOM, (12, 65)),
    _clothes(
        "women's",
        "dresses",
        "Dresses",
        "dresses, maxi dresses, wrap dresses, midi dresses, sundresses",
        (*_TOP, "high waist", "side pockets"),
        (17, 130),
    ),
    _clothes(
        "women's",
        "blouses",
        "Tops, Tees & Blouses",
        "blouses, tunic tops, chiffon blouses, peasant blouses",
        _TOP,
        (12, 75),
    ),
    _clothes(
        "women's",
        "sweaters",
        "Sweaters › Pullovers",
        "sweaters, cardigans, turtleneck sweaters, cable knit sweaters",
        (*_TOP, "open front", "chunky knit"),
        (16, 110),
    ),
    _clothes(
        "women's", "leggings", "Leggings", "leggings, yoga leggings, fleece leggings, capri leggings", _BOTTOM, (10, 68)
    ),
    _clothes(
        "women's",
        "swimsuits",
        "Swimsuits & Cover Ups",
        "swimsuits, bikini sets, tankinis, beach cover ups",
        (
            *words(
                "high waist, tummy control, nylon spandex, adjustable straps, removable pads, tie back, "
                "v neck, mesh panel"
            ),
        ),
        (15, 95),
    ),
    _clothes(
        "women's",
        "pajamas",
        "Lingerie, Sleep & Lounge › Sleepwear",
        "pajamas, satin pajamas, nightgowns, sleep shirts",
        (*_TOP, "elastic waist"),
        (16, 80),
    ),
    _clothes(
        "girls'",
        "jackets",
        "Jackets & Coats",
        "jackets, puffer jackets, rain jackets, denim jackets",
        (
            *words(
                "zipper closure, fleece lining, drawstring hood, side pockets, long sleeve, faux fur, reflective trim"
            ),
        ),
        (18, 95),
    ),
    Family(
        "men's jeans",
        f"{_ROOT} › Men › Clothing › Jeans",
        words("men's jeans, men's slim jeans, men's bootcut jeans, men's carpenter jeans"),
        _WASH,
        _BOTTOM,
        _WEAR,
        _THEMES,
        (options.WAIST, options.COLOR, options.FIT),
        (20, 110),
    ),
    Family(
        "belts",
        f"{_ROOT} › Men › Accessories › Belts",
        words("belts, leather belts, ratchet belts, canvas belts, elastic belts"),
        words("hand stitched, scratch resistant, fully adjustable, vegan friendly, light weight, double sided"),
        words("genuine leather, quick release buckle, nickel free buckle, braided strap, stainless steel"),
        words("business suits, daily wear, golf weekends, work uniforms"),
        _THEMES,
        (options.BELT, options.COLOR),
        (10, 70),
    ),
    Family(
        "sunglasses",
        f"{_ROOT} › Women › Accessories › Sunglasses",
        words("sunglasses, polarized sunglasses, cat eye sunglasses, aviator sunglasses, wraparound sunglasses"),
        words("scratch resistant, light weight, uv resistant, shatter proof, anti glare, hand polished"),
        words("polarized lenses, metal frame, spring hinges, carrying case, mirrored lenses"),
        words("driving trips, beach vacation, fishing days, daily wear"),
        _THEMES,
        (options.COLOR, options.BUNDLE),
        (9, 120),
    ),
)
