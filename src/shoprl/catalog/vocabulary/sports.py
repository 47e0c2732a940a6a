"""Product families of the department "sports"."""

from functools import partial

from shoprl.catalog.vocabulary import options
from shoprl.catalog.vocabulary.family import sold, words

_ROOT = "Sports & Outdoors"
_THEMES = words(
    "Arena, Basecamp, Champion Road, Dash, Endurance, Fairway, Glacier, Horizon, Kinetic, Ladder, "
    "Marathon, North Trail, Peak, Ridgeback, Stride, Tempo Run, Velocity, Whitewater"
)
_sold = partial(sold, _ROOT, _THEMES)

FAMILIES = (
    _sold(
        "men's cycling jerseys",
        "Cycling › Men › Clothing › Jerseys",
        "men's cycling jerseys, men's bike shorts, men's cycling jackets, men's bib tights",
        "moisture wicking, quick drying, uv resistant, breathable mesh, four way stretch",
        "rear pockets, full zipper, reflective trim, padded seat, silicone grippers",
        "road cycling, mountain biking, spin classes, daily commutes",
        (options.CLOTHES, options.COLOR),
        (18, 95),
    ),
    _sold(
        "women's sports bras",
        "Exercise › Women › Clothing › Bras",
        "women's sports bras, women's yoga tops, women's workout tanks, women's running tights",
        "moisture wicking, four way stretch, high impact, tag free, squat proof",
        "removable pads, racer back, adjustable straps, mesh panel, side pockets",
        "yoga classes, gym workout, marathon training, dance practice",
        (options.CLOTHES, options.COLOR),
        (12, 70),
    ),
    _sold(
        "boys' soccer cleats",
        "Soccer › Boys › Shoes › Cleats",
        "boys' soccer cleats, boys' baseball cleats, boys' basketball shoes, boys' wrestling shoes",
        "light weight, slip resistant, quick lacing, water resistant, breathable mesh upper",
        "rubber sole, molded studs, memory foam, ankle strap, leather upper",
        "firm ground, indoor courts, school teams, summer camps",
        (options.SHOES, options.COLOR),
        (22, 90),
    ),
    _sold(
        "yoga mats",
        "Exercise & Fitness › Yoga",
        "yoga mats, travel yoga mats, pilates mats, exercise mats, yoga blocks",
        "non slip, extra thick, eco friendly, sweat proof, easy clean, odor free",
        "carrying strap, natural rubber, alignment lines, cork surface, tpe foam",
        "hot yoga, home workouts, knee pain, outdoor classes",
        (options.THICKNESS, options.COLOR),
        (11, 98),
    ),
    _sold(
        "dumbbells",
        "Exercise & Fitness › Weights",
        "dumbbells, kettlebells, weight plates, ankle weights, resistance bands",
        "non slip, rust proof, height adjustable, whisper quiet, heavy duty, space saving",
        "neoprene coating, hex heads, chrome handle, storage rack, cast iron",
        "home workouts, arm toning, physical therapy, cross training",
        (options.POUNDS, options.PIECES),
        (8, 320),
    ),
    _sold(
        "tents",
        "Camping › Tents",
        "camping tents, backpacking tents, pop up tents, family tents, beach shelters",
        "water resistant, easy setup, wind proof, uv resistant, light weight, fire retardant",
        "mesh windows, rain fly, aluminum poles, carrying bag, storage pockets",
        "family camping, music festivals, trail hikes, backyard sleepovers",
        (options.PERSONS, options.COLOR),
        (32, 480),
    ),
    _sold(
        "sleeping bags",
        "Camping › Sleeping Bags",
        "sleeping bags, mummy bags, kids sleeping bags, double sleeping bags, sleeping pads",
        "light weight, water resistant, machine washable, cold weather, compressible",
        "compression sack, two way zipper, hooded top, down filling, fleece lining",
        "family camping, winter nights, trail hikes, sleepover parties",
        (options.DEGREES, options.COLOR),
        (22, 260),
    ),
    _sold(
        "fishing rods",
        "Fishing",
        "fishing rods, fishing reels, tackle boxes, fishing lures, fly rods, rod combos",
        "saltwater safe, light weight, telescopic, left handed, rust proof, high strength",
        "carbon fiber, cork handle, ball bearings, carrying case, braided line",
        "bass fishing, ice fishing, surf casting, kids beginners",
        (options.ROD, options.BUNDLE),
        (9, 240),
    ),
    _sold(
        "bicycle helmets",
        "Cycling › Helmets",
        "bicycle helmets, mountain bike helmets, kids bike helmets, skate helmets, commuter helmets",
        "light weight, shock absorbing, height adjustable, certified safe, well ventilated",
        "led tail light, magnetic goggles, removable visor, dial fit system, chin pad",
        "road cycling, mountain biking, electric scooters, school days",
        (options.HELMET, options.COLOR),
        (17, 190),
    ),
    _sold(
        "golf clubs",
        "Golf",
        "golf clubs, golf putters, golf balls, golf bags, golf gloves",
        "left handed, high launch, soft feel, tour proven, rain proof",
        "graphite shaft, steel shaft, oversized grip, head cover, alignment lines",
        "senior golfers, beginner players, windy courses, putting practice",
        (options.LOFT, options.PACK),
        (12, 460),
    ),
)
