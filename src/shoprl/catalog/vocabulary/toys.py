"""Product families of the department "toys"."""

from functools import partial

from shoprl.catalog.vocabulary import options
from shoprl.catalog.vocabulary.family import sold, words

_ROOT = "Toys & Games"
_THEMES = words(
    "Acorn, Bumble, Comet Kids, Dino Land, Enchanted, Firefly, Giggle, Happy Hill, Jellybean, Little "
    "Explorer, Magic Meadow, Pebble, Rainbow Road, Sparkle, Tumble, Wonder, Zigzag"
)
_sold = partial(sold, _ROOT, _THEMES)

FAMILIES = (
    _sold(
        "building blocks",
        "Building Toys",
        "building blocks, magnetic tiles, wooden blocks, brick sets, marble runs",
        "bpa free, non toxic, smooth edges, easy clean, montessori style",
        "storage bucket, strong magnets, idea booklet, base plate, wheels and axles",
        "preschool kids, rainy days, stem learning, birthday parties, classroom play",
        (options.PIECES, options.COLOR),
        (10, 130),
    ),
    _sold(
        "board games",
        "Games › Board Games",
        "board games, card games, trivia games, strategy games, cooperative games",
        "easy to learn, fast paced, award winning, family friendly, travel size",
        "wooden pieces, illustrated cards, sand timer, score pad, magnetic board",
        "family game nights, road trips, birthday parties, two players, adult parties",
        (options.EDITION,),
        (8, 75),
    ),
    _sold(
        "dolls",
        "Dolls & Accessories",
        "fashion dolls, baby dolls, rag dolls, dollhouses, doll strollers",
        "soft body, machine washable, lifelike, hand painted, non toxic",
        "brushable hair, moving eyes, pacifier and bottle, extra outfits, sound effects",
        "toddler girls, preschool kids, pretend play, collectors",
        (options.HAIR_COLOR, options.BUNDLE),
        (9, 120),
    ),
    _sold(
        "plush toys",
        "Stuffed Animals",
        "plush bears, plush dinosaurs, plush unicorns, plush dogs, weighted plush toys",
        "super soft, machine washable, hypoallergenic fill, huggable, non toxic",
        "embroidered eyes, removable hoodie, sound box, glow in the dark stars",
        "bedtime cuddles, newborn babies, birthday parties, sensory calm",
        (options.TOY_SIZE, options.COLOR),
        (7, 70),
    ),
    _sold(
        "remote control cars",
        "Vehicles › Remote Control",
        "remote control cars, rc trucks, rc boats, rc helicopters, stunt cars",
        "high speed, shock proof, all terrain, water resistant, fast charging, batteries included",
        "two batteries, led headlights, 2.4 ghz connection, rubber tires, metal gears",
        "boys 8 12, sandy beaches, backyard racing, birthday parties",
        (options.COLOR, options.SCALE),
        (16, 190),
    ),
    _sold(
        "puzzles",
        "Puzzles",
        "jigsaw puzzles, wooden puzzles, 3d puzzles, floor puzzles, brain teasers",
        "precise fit, dust free, hand illustrated, eco friendly, thick board",
        "poster included, storage bag, letter backs, velvet tray, wooden pieces",
        "family game nights, senior adults, preschool kids, rainy days",
        (options.JIGSAW, options.SUBJECT),
        (7, 65),
    ),
    _sold(
        "craft kits",
        "Arts & Crafts",
        "craft kits, painting kits, bead kits, slime kits, clay kits, origami sets",
        "non toxic, mess free, washable paint, beginner friendly, quick drying",
        "picture guide, carrying case, glitter pots, safety scissors, pom poms",
        "birthday parties, girls 6 10, classroom play, summer camps",
        (options.EDITION, options.COLOR),
        (6, 55),
    ),
    _sold(
        "ride on toys",
        "Outdoor › Ride Ons",
        "balance bikes, kick scooters, ride on cars, tricycles, wagons",
        "height adjustable, foldable, non slip, smooth ride, easy assemble, heavy duty",
        "led wheels, rubber tires, hand brake, steel frame, training wheels",
        "toddler boys, park trips, preschool kids, backyard racing",
        (options.COLOR, options.AGE),
        (28, 260),
    ),
)
