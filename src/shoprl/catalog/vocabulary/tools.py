"""Product families of the department "tools"."""

from functools import partial

from shoprl.catalog.vocabulary import options
from shoprl.catalog.vocabulary.family import sold, words

_ROOT = "Tools & Home Improvement"
_THEMES = words(
    "Anvil, Bedrock, Crew, Forge, Granite, Hammerhead, Ironclad, Journeyman, Keystone, Lodestar, "
    "Millwright, Outback, Piston, Rivet, Sawyer, Torque, Union, Workhorse"
)
_sold = partial(sold, _ROOT, _THEMES)

FAMILIES = (
    _sold(
        "cordless drills",
        "Power Tools › Drills",
        "cordless drills, hammer drills, impact drivers, drill presses, screwdriver kits",
        "heavy duty, light weight, brushless motor, variable speed, high torque, fast charging",
        "keyless chuck, led work light, belt clip, tool bag, two batteries",
        "deck building, furniture assembly, brick walls, metal work, home repairs",
        (options.VOLTS, options.BUNDLE),
        (28, 320),
    ),
    _sold(
        "circular saws",
        "Power Tools › Saws",
        "circular saws, jigsaws, reciprocating saws, miter saws, table saws",
        "heavy duty, corded power, brushless motor, variable speed, tool free blade change",
        "laser guide, dust port, carbide blade, bevel scale, rip fence",
        "deck building, plywood sheets, metal work, tree pruning",
        (options.VOLTS, options.BLADE),
        (38, 480),
    ),
    _sold(
        "hammers",
        "Hand Tools › Hammers",
        "claw hammers, rubber mallets, sledge hammers, ball peen hammers, framing hammers",
        "shock absorbing, non slip, drop forged, light weight, rust proof",
        "fiberglass handle, hickory handle, magnetic nail holder, carbon steel",
        "home repairs, metal work, camping trips, tile laying",
        (options.POUNDS,),
        (8, 60),
    ),
    _sold(
        "screwdriver sets",
        "Hand Tools › Screwdrivers",
        "screwdriver sets, precision screwdriver sets, ratcheting screwdrivers, insulated screwdrivers, hex key sets",
        "magnetic tips, non slip, rust proof, heavy duty, color coded",
        "chrome vanadium, storage case, soft grip, ratchet handle, telescoping shaft",
        "electronics repair, furniture assembly, home repairs, bike repairs",
        (options.PIECES,),
        (7, 85),
    ),
    _sold(
        "socket sets",
        "Hand Tools › Socket Sets",
        "socket sets, wrench sets, torque wrenches, ratchet sets, impact sockets",
        "heavy duty, rust proof, drop forged, easy read, color coded",
        "chrome vanadium, storage case, ratchet handle, extension bars, swivel joints",
        "car repairs, bike repairs, metal work, home repairs",
        (options.DRIVE_SIZE, options.PIECES),
        (12, 260),
    ),
    _sold(
        "tape measures",
        "Measuring Tools",
        "tape measures, laser measures, digital calipers, stud finders, spirit levels",
        "shock proof, easy read, water resistant, auto lock, high accuracy",
        "magnetic hook, belt clip, backlit screen, nylon coated blade, stainless steel",
        "deck building, sewing rooms, picture hanging, tile laying",
        (options.CABLE,),
        (5, 95),
    ),
    _sold(
        "work gloves",
        "Safety › Gloves",
        "work gloves, cut resistant gloves, welding gloves, mechanic gloves, nitrile gloves",
        "cut resistant, non slip, heat resistant, puncture proof, touchscreen friendly, machine washable",
        "leather palm, nitrile coating, reinforced fingertips, elastic cuff",
        "yard work, metal work, car repairs, glass handling",
        (options.GLOVES, options.PACK),
        (6, 48),
    ),
    _sold(
        "faucets",
        "Plumbing › Faucets",
        "kitchen faucets, bathroom faucets, shower heads, bar faucets, tub fillers",
        "rust proof, lead free, easy install, water saving, touchless",
        "pull down sprayer, brushed nickel, matte finish, ceramic valve, single handle",
        "farmhouse sinks, guest room, small bathrooms, laundry rooms",
        (options.METAL,),
        (24, 330),
    ),
    _sold(
        "light bulbs",
        "Electrical › Bulbs",
        "led bulbs, smart bulbs, filament bulbs, grow bulbs, night lights",
        "energy efficient, dimmable light, flicker free, instant on, long lasting, color changing",
        "e26 base, e12 base, gu10 base, frosted glass, voice control",
        "living room, ceiling fans, indoor plants, porch lamps",
        (options.WATTS, options.KELVIN, options.PACK),
        (5, 62),
    ),
    _sold(
        "paint brushes",
        "Painting Supplies",
        "paint brushes, paint rollers, paint sprayers, masking tapes, drop cloths",
        "easy clean, shed proof, solvent resistant, no streaks, reusable",
        "angled bristles, wooden handle, microfiber cover, extension pole",
        "trim and edges, wall painting, furniture makeovers, deck staining",
        (options.INCHES, options.PIECES),
        (4, 110),
    ),
)
