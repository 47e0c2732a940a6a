"""Product families of the department "office"."""

from functools import partial

from shoprl.catalog.vocabulary import options
from shoprl.catalog.vocabulary.family import sold, words

_ROOT = "Office Products"
_THEMES = words(
    "Almanac, Brief, Cornerstone, Desk Mate, Executive, Folio, Ledger, Memo, Nib, Open Plan, Parchment, "
    "Quill, Scholar, Tidy, Vellum, Writer"
)
_sold = partial(sold, _ROOT, _THEMES)

FAMILIES = (
    _sold(
        "office chairs",
        "Furniture › Chairs",
        "office chairs, mesh office chairs, gaming chairs, drafting stools, kneeling chairs",
        "ergonomic shape, height adjustable, easy assemble, heavy duty, breathable back, swivel",
        "lumbar support, flip up arms, headrest pillow, footrest, memory foam, nylon wheels",
        "home office, back pain, tall people, conference rooms, gaming nights",
        (options.COLOR, options.BUNDLE),
        (48, 460),
    ),
    _sold(
        "desks",
        "Furniture › Desks",
        "standing desks, writing desks, corner desks, computer desks, folding desks",
        "height adjustable, easy assemble, space saving, scratch resistant, heavy duty",
        "memory presets, cable tray, keyboard tray, storage drawers, steel frame, monitor shelf",
        "home office, dual desk setups, kids room, small apartments",
        (options.DESK, options.WOOD),
        (55, 620),
    ),
    _sold(
        "notebooks",
        "Paper › Notebooks",
        "notebooks, spiral notebooks, leather journals, bullet journals, weekly planners",
        "acid free, bleed proof, lay flat, refillable, hard cover, undated",
        "elastic band, ribbon marker, inner pocket, dotted pages, numbered pages",
        "college classes, travel diaries, meeting notes, goal setting",
        (options.RULED, options.COLOR, options.PACK),
        (5, 48),
    ),
    _sold(
        "pens",
        "Writing Supplies › Pens",
        "gel pens, fountain pens, ballpoint pens, fineliner pens, brush pens, markers",
        "quick drying, smudge proof, bleed proof, refillable, non toxic, erasable",
        "metal clip, soft grip, archival ink, converter included, storage case",
        "calligraphy beginners, adult coloring, left handed writers, meeting notes",
        (options.TIP, options.INK, options.PIECES),
        (4, 90),
    ),
    _sold(
        "filing cabinets",
        "Furniture › Cabinets",
        "filing cabinets, file boxes, document safes, desk organizers, magazine holders",
        "fireproof, heavy duty, space saving, easy assemble, lockable",
        "hanging rails, storage drawers, combination lock, nylon wheels, label slots",
        "home office, legal documents, classroom supplies, small business",
        (options.COLOR, options.DRAWERS),
        (12, 330),
    ),
    _sold(
        "paper shredders",
        "Electronics › Shredders",
        "paper shredders, laminators, label makers, electric staplers, desk calculators",
        "whisper quiet, jam proof, cross cut, heavy duty, energy efficient",
        "pull out basin, auto start, credit card slot, backlit screen, rechargeable battery",
        "home office, small business, classroom supplies, bank statements",
        (options.SHEETS, options.FINISH),
        (14, 280),
    ),
    _sold(
        "backpacks",
        "School › Backpacks",
        "school backpacks, rolling backpacks, mini backpacks, drawstring bags, pencil cases",
        "water resistant, light weight, machine washable, roomy, tear resistant",
        "padded straps, laptop sleeve, bottle pockets, chest strap, led patches",
        "middle school, kindergarten, college classes, day trips",
        (options.COLOR, options.SUBJECT),
        (9, 95),
    ),
    _sold(
        "whiteboards",
        "Presentation › Boards",
        "whiteboards, cork boards, glass boards, flip charts, chalkboards",
        "magnetic surface, stain resistant, wall mountable, double sided, easy install",
        "aluminum frame, marker tray, mobile stand, push pins, grid lines",
        "classroom supplies, conference rooms, kids room, meal plans",
        (options.FRAME, options.COLOR),
        (12, 240),
    ),
)
