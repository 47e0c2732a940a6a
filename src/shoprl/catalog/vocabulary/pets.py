"""Product families of the department "pets"."""

from functools import partial

from shoprl.catalog.vocabulary import options
from shoprl.catalog.vocabulary.family import sold, words

_ROOT = "Pet Supplies"
_THEMES = words(
    "Barkley, Biscuit, Buddy, Catnap, Clover, Fetch, Furry Friend, Good Boy, Happy Tail, Kibble Hill, "
    "Meadow, Nuzzle, Paw Print, Rascal, Scamper, Tabby, Whisker, Wild Run"
)
_sold = partial(sold, _ROOT, _THEMES)

FAMILIES = (
    _sold(
        "dog food",
        "Dogs › Food",
        "dry dog food, wet dog food, puppy food, senior dog food, freeze dried dog food",
        "grain free, high protein, limited ingredient, small bites, vet recommended, no fillers",
        "real chicken, salmon meal, sweet potato, added probiotics, omega oils",
        "small breeds, large breeds, sensitive stomachs, weight control, puppies",
        (options.POUNDS, options.MEAT),
        (9, 98),
    ),
    _sold(
        "cat food",
        "Cats › Food",
        "dry cat food, wet cat food, kitten food, indoor cat food, senior cat food",
        "grain free, high protein, hairball control, limited ingredient, no fillers",
        "real tuna, real chicken, added taurine, bone broth, omega oils",
        "indoor cats, picky eaters, sensitive stomachs, urinary health, kittens",
        (options.OUNCES, options.MEAT),
        (8, 76),
    ),
    _sold(
        "dog beds",
        "Dogs › Beds",
        "dog beds, orthopedic dog beds, donut dog beds, cooling dog mats, crate pads",
        "machine washable, water resistant, chew proof, non slip, super soft, fade resistant",
        "memory foam, removable cover, raised edges, egg crate foam, waterproof liner",
        "large breeds, old joints, anxious dogs, crate training",
        (options.PET_SIZE, options.COLOR),
        (15, 170),
    ),
    _sold(
        "dog collars",
        "Dogs › Collars & Leashes",
        "dog collars, dog harnesses, dog leashes, training collars, retractable leashes",
        "no pull, reflective stitching, chew proof, height adjustable, quick drying, padded",
        "metal buckle, id tag ring, front clip, braided rope, control handle",
        "night walks, small breeds, large breeds, obedience training",
        (options.PET_SIZE, options.COLOR),
        (6, 65),
    ),
    _sold(
        "cat trees",
        "Cats › Furniture",
        "cat trees, cat towers, scratching posts, cat shelves, cat tunnels",
        "easy assemble, sturdy base, space saving, pet friendly, tip proof",
        "sisal rope, hanging ball, plush perch, cozy condo, solid wood",
        "large cats, kittens, multiple cats, small apartments",
        (options.COLOR, options.INCHES),
        (15, 210),
    ),
    _sold(
        "aquarium filters",
        "Fish & Aquatics",
        "aquarium filters, fish tanks, aquarium heaters, air pumps, led aquarium lights",
        "whisper quiet, energy efficient, easy clean, shatter proof, fully submersible",
        "bio media, adjustable flow, glass lid, remote control, suction cups",
        "betta fish, turtle tanks, planted tanks, saltwater reefs",
        (options.GALLONS,),
        (9, 240),
    ),
    _sold(
        "pet grooming",
        "Dogs › Grooming",
        "pet brushes, dog clippers, nail grinders, dog shampoos, deshedding gloves",
        "whisper quiet, easy clean, tear free, non slip, hypoallergenic formula",
        "stainless steel, oatmeal extract, guide combs, self cleaning button, two speeds",
        "long coats, anxious dogs, itchy skin, shedding season",
        (options.BUNDLE, options.PET_SIZE),
        (7, 90),
    ),
    _sold(
        "pet carriers",
        "Dogs › Carriers",
        "pet carriers, cat backpacks, dog car seats, folding crates, bird cages",
        "airline approved, foldable, water resistant, escape proof, easy clean",
        "mesh windows, fleece pad, shoulder strap, safety leash, double doors",
        "vet visits, long flights, road trips, small breeds",
        (options.PET_SIZE, options.COLOR),
        (18, 180),
    ),
)
