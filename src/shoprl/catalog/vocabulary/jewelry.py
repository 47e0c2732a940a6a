"""Product families of the department "jewelry"."""

from functools import partial

from shoprl.catalog.vocabulary import options
from shoprl.catalog.vocabulary.family import sold, words

_ROOT = "Jewelry, Bags & Watches"
_THEMES = words(
    "Aria, Bellefleur, Cascade, Dahlia, Eternity, Florence, Gemini, Ivy Lane, Juliet, Kismet, Lyra, "
    "Monarch, Noir, Opaline, Palazzo, Regent, Serenade, Twilight"
)
_sold = partial(sold, _ROOT, _THEMES)

FAMILIES = (
    _sold(
        "men's watches",
        "Watches › Men › Wrist Watches",
        "men's watches, men's dive watches, men's chronograph watches, men's skeleton watches",
        "water resistant, scratch resistant, self winding, glow hands, light weight",
        "stainless steel, leather band, date window, sapphire glass, solar movement, rotating bezel",
        "business suits, daily wear, scuba diving, fathers day",
        (options.METAL, options.STRAP),
        (18, 420),
    ),
    _sold(
        "women's watches",
        "Watches › Women › Wrist Watches",
        "women's watches, women's bracelet watches, women's digital watches, women's mini watches",
        "water resistant, scratch resistant, nickel free, light weight, easy read",
        "stainless steel, leather band, crystal bezel, mother of pearl dial, date window",
        "daily wear, nursing shifts, date night, anniversary gifts",
        (options.METAL, options.STRAP),
        (14, 330),
    ),
    _sold(
        "women's necklaces",
        "Jewelry › Women › Necklaces",
        "women's necklaces, women's pendant necklaces, women's chokers, women's layered necklaces",
        "nickel free, tarnish free, hypoallergenic metal, hand stitched, hand polished",
        "sterling silver, gold plating, cubic zirconia, freshwater pearls, lobster clasp",
        "bridal parties, anniversary gifts, daily wear, teen girls",
        (options.METAL, options.CHAIN),
        (8, 190),
    ),
    _sold(
        "women's earrings",
        "Jewelry › Women › Earrings",
        "women's earrings, women's hoop earrings, women's stud earrings, women's drop earrings",
        "nickel free, tarnish free, light weight, hypoallergenic metal",
        "sterling silver, gold plating, cubic zirconia, screw backs, freshwater pearls",
        "sensitive ears, bridal parties, daily wear, party outfits",
        (options.METAL, options.GEM),
        (6, 140),
    ),
    _sold(
        "men's rings",
        "Jewelry › Men › Rings",
        "men's rings, men's wedding bands, men's signet rings, men's tungsten rings",
        "scratch resistant, comfort fit, tarnish free, hand polished",
        "tungsten carbide, titanium core, wood inlay, black plating, meteorite inlay",
        "wedding parties, anniversary gifts, daily wear, fathers day",
        (options.RING, options.METAL),
        (11, 210),
    ),
    _sold(
        "men's wallets",
        "Accessories › Men › Wallets",
        "men's wallets, men's bifold wallets, men's money clips, men's card holders",
        "rfid blocking, ultra slim, hand stitched, water resistant, vegan friendly",
        "genuine leather, id window, coin pocket, pull tab, card slots",
        "front pockets, business trips, groomsmen gifts, daily wear",
        (options.COLOR,),
        (9, 85),
    ),
    _sold(
        "women's handbags",
        "Bags › Women › Handbags",
        "women's handbags, women's tote bags, women's crossbody bags, women's clutches, women's bucket bags",
        "vegan friendly, water resistant, light weight, roomy, hand stitched",
        "genuine leather, zipper closure, chain strap, inner pocket, tassel charm, faux leather",
        "work office, date night, beach vacation, shopping trips",
        (options.COLOR, options.BAG),
        (16, 230),
    ),
    _sold(
        "girls' hair accessories",
        "Accessories › Girls › Hair",
        "girls' hair clips, girls' headbands, girls' scrunchies, girls' hair bows",
        "non slip, super soft, snag free, nickel free",
        "grosgrain ribbon, satin lining, rhinestone trim, alligator clips",
        "school days, birthday parties, dance practice, toddler girls",
        (options.COLOR, options.PIECES),
        (4, 28),
    ),
)
