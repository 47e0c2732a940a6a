"""Product families of the department "beauty"."""

from shoprl.catalog.vocabulary import options
from shoprl.catalog.vocabulary.family import Family, words

_ROOT = "Beauty & Personal Care"
_THEMES = words(
    "Botanic, Velvet, Dew, Glow, Luna, Petal, Silk, Spa, Nectar, Wildflower, Pure Origin, Halo, Daybreak, Aura, Bloom, "
    "Rain, Orchard, Studio, Satin, Mineral, Alpine, Marine, Bare, Radiant, Calm, Night Repair, First Light, Apothecary"
)
_GENTLE = words(
    "cruelty free, paraben free, fragrance free, dermatologist tested, travel size, alcohol free, vegan friendly"
)
_LASTING = words(
    "long lasting, highly pigmented, cruelty free, paraben free, fragrance free, talc free, water resistant, easy apply"
)
_ACTIVE = words(
    "hyaluronic acid, vitamin c, tea tree, shea butter, aloe vera, green tea, jojoba oil, coconut oil, rose water"
)
_SKIN = words("dry skin, sensitive skin, oily skin, dark circles, fine lines, dead skin, combination skin, mature skin")
_HAIR = words("damaged hair, dry hair, curly hair, hair growth, hair loss, color treated hair, fine hair, dry scalp")
_HAIR_TRAITS = (*_GENTLE, *words("sulfate free, silicone free, color safe, leave in, deep cleansing"))
_HAIR_PARTS = words(
    "argan oil, coconut oil, tea tree, biotin complex, natural ingredients, keratin protein, castor oil, seed oil"
)
_TOOL = words("easy clean, easy use, non slip, travel size, high quality, eco friendly, easy carry, cruelty free")


def _hair(query: str, leaf: str, kinds: str, price: tuple[float, float]) -> Family:
    path = f"{_ROOT} › Hair Care › {leaf}"
    pools = (options.SCENT, options.FLUID_OUNCES)
    return Family(query, path, words(kinds), _HAIR_TRAITS, _HAIR_PARTS, _HAIR, _THEMES, pools, price)


def _skin(query: str, leaf: str, kinds: str, more: str, price: tuple[float, float]) -> Family:
    traits = (*_GENTLE, *words(more))
    pools = (options.MILLILITRES, options.SCENT, options.PACK)
    return Family(query, f"{_ROOT} › Skin Care › {leaf}", words(kinds), traits, _ACTIVE, _SKIN, _THEMES, pools, price)


def _makeup(query: str, leaf: str, kinds: str, parts: str, uses: str, price: tuple[float, float]) -> Family:
    path = f"{_ROOT} › Makeup › {leaf}"
    pools = (options.SHADE, options.PACK)
    return Family(query, path, words(kinds), _LASTING, words(parts), words(uses), _THEMES, pools, price)


FAMILIES = (
    _hair(
        "shampoos",
        "Shampoo & Conditioner › Shampoos",
        "shampoos, clarifying shampoos, shampoo bars, scalp shampoos",
        (6, 38),
    ),
    _hair(
        "conditioners",
        "Shampoo & Conditioner › Conditioners",
        "conditioners, deep conditioners, conditioner bars, cream rinses",
        (6, 38),
    ),
    _hair(
        "hair masks",
        "Hair Treatments › Hair Masks",
        "hair masks, overnight hair masks, scalp masks, repair treatments",
        (8, 42),
    ),
    _skin(
        "face moisturizers",
        "Face › Creams & Moisturizers",
        "face moisturizers, gel creams, night creams, day creams, facial balms",
        "non greasy, oil free, fast absorbing",
        (9, 75),
    ),
    _skin(
        "face serums",
        "Face › Treatments & Masks › Serums",
        "face serums, facial ampoules, brightening serums, peptide serums",
        "oil free, anti aging, fast absorbing",
        (10, 90),
    ),
    _skin(
        "facial cleansers",
        "Face › Cleansers",
        "facial cleansers, foaming face washes, cleansing balms, micellar waters",
        "soap free, oil free, non drying",
        (6, 40),
    ),
    _skin(
        "sunscreens",
        "Sunscreens & Tanning Products",
        "sunscreens, mineral sunscreens, sunscreen sticks, tinted sunscreens",
        "broad spectrum, reef safe, water resistant, non greasy",
        (8, 45),
    ),
    _skin(
        "body lotions",
        "Body › Moisturizers › Lotions",
        "body lotions, body butters, body milks, hand and body creams",
        "non greasy, fast absorbing, deep hydrating",
        (6, 40),
    ),
    _makeup(
        "lipsticks",
        "Lips › Lipsticks",
        "lipsticks, liquid lipsticks, matte lipsticks, lip crayons",
        "vitamin e, shea butter, matte finish, castor oil, satin finish",
        "evening party, everyday makeup, dry lips, bridal makeup",
        (5, 34),
    ),
    _makeup(
        "mascaras",
        "Eyes › Mascara",
        "mascaras, volume mascaras, lengthening mascaras, tubing mascaras",
        "curved brush, fiber formula, vitamin e, castor oil, slim wand",
        "sensitive eyes, short lashes, everyday makeup, contact lens wearers",
        (6, 32),
    ),
    _makeup(
        "eyeshadow palettes",
        "Eyes › Eyeshadow",
        "eyeshadow palettes, shimmer palettes, nude palettes, pressed pigment palettes",
        "matte finish, built in mirror, glitter finish, blending brush",
        "evening party, everyday makeup, stage makeup, beginners kit",
        (8, 48),
    ),
    _makeup(
        "nail polishes",
        "Nails › Nail Polish",
        "nail polishes, gel nail polishes, top coats, peel off nail polishes",
        "chip guard, quick dry formula, wide brush, glossy finish",
        "nail art, home manicure, weak nails, salon use",
        (4, 26),
    ),
    Family(
        "perfumes",
        f"{_ROOT} › Fragrance › Women's",
        words("perfumes, eau de parfum, body mists, perfume oils, travel sprays"),
        words("long lasting, alcohol free, travel size, cruelty free, vegan friendly, hand poured"),
        words("essential oils, natural ingredients, woody notes, floral notes, citrus notes"),
        words("daily wear, evening party, date night, summer days"),
        _THEMES,
        (options.SCENT, options.MILLILITRES),
        (12, 140),
    ),
    Family(
        "toothbrushes",
        f"{_ROOT} › Oral Care › Toothbrushes & Accessories",
        words("toothbrushes, electric toothbrushes, bamboo toothbrushes, kids toothbrushes"),
        (*_TOOL, *words("bpa free, soft bristle, whisper quiet")),
        words("tongue scraper, charcoal bristles, travel case, pressure sensor, timer display"),
        words("sensitive teeth, bad breath, teeth whitening, oral hygiene"),
        _THEMES,
        (options.FINISH, options.BRISTLE, options.PACK),
        (4, 80),
    ),
    Family(
        "toothpaste",
        f"{_ROOT} › Oral Care › Toothpaste",
        words("toothpaste, whitening toothpaste, tooth powder, kids toothpaste"),
        words("fluoride free, gluten free, cruelty free, sulfate free, vegan friendly, clinically proven"),
        words("activated charcoal, coconut oil, baking soda, natural ingredients, tea tree"),
        words("sensitive teeth, bad breath, teeth whitening, fresh breath"),
        _THEMES,
        (options.SCENT, options.OUNCES),
        (3, 24),
    ),
    Family(
        "makeup brushes",
        f"{_ROOT} › Tools & Accessories › Makeup Brushes & Tools",
        words("makeup brushes, foundation brushes, eyeshadow brushes, blending sponges"),
        _TOOL,
        words("synthetic hair, wooden handle, rose gold accents, travel pouch, nylon bristles"),
        words("eye makeup, everyday makeup, stage makeup, cream foundation"),
        _THEMES,
        (options.FINISH, options.BUNDLE),
        (6, 60),
    ),
    Family(
        "wigs",
        f"{_ROOT} › Hair Care › Hair Extensions, Wigs & Accessories › Wigs",
        words("wigs, lace front wigs, bob wigs, clip in hair extensions, ponytail extensions"),
        words("heat resistant, natural looking, high quality, tangle free, easy wear, hand tied"),
        words("synthetic hair, human hair, lace front, side bangs, baby hair, adjustable straps"),
        words("cosplay party, daily wear, hair loss, stage shows"),
        _THEMES,
        (options.HAIR, options.INCHES),
        (14, 220),
    ),
    Family(
        "beard oils",
        f"{_ROOT} › Shave & Hair Removal › Men's › Beard Care",
        words("beard oils, beard balms, beard growth serums, mustache waxes"),
        words("alcohol free, cruelty free, non greasy, fast absorbing, vegan friendly, travel size"),
        words("argan oil, jojoba oil, natural ingredients, castor oil, seed oil, cedarwood oil"),
        words("hair growth, dry skin, coarse beards, daily grooming"),
        _THEMES,
        (options.SCENT, options.FLUID_OUNCES),
        (7, 36),
    ),
    Family(
        "cosmetic bags",
        f"{_ROOT} › Tools & Accessories › Bags & Cases › Cosmetic Bags",
        words("cosmetic bags, makeup organizers, toiletry bags, brush pouches, storage cases"),
        (*_TOOL, *words("water resistant, double sided, leak proof")),
        words("zipper closure, mesh pockets, faux leather, adjustable dividers, carry handle"),
        words("weekend trips, business travel, vanity drawers, gym lockers"),
        _THEMES,
        (options.COLOR, options.INCHES),
        (7, 48),
        True,
    ),
)
