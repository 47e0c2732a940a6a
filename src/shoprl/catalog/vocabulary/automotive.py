"""Product families of the department "automotive"."""

from functools import partial

from shoprl.catalog.vocabulary import options
from shoprl.catalog.vocabulary.family import sold, words

_ROOT = "Automotive"
_THEMES = words(
    "Apex Road, Burnout, Chrome Line, Diesel, Drift, Freeway, Gearbox, Highway, Interstate, Mileage, "
    "Nitro, Octane, Pit Stop, Roadster, Slipstream, Turbo, V Line"
)
_sold = partial(sold, _ROOT, _THEMES)

FAMILIES = (
    _sold(
        "car seat covers",
        "Interior › Seat Covers",
        "car seat covers, truck seat covers, dog seat covers, steering wheel covers, seat cushions",
        "water resistant, universal fit, airbag safe, machine washable, non slip, scratch resistant",
        "faux leather, neoprene fabric, storage pockets, lumbar support, gel filling",
        "work trucks, family vans, dog owners, hot summers",
        (options.CAR_FIT, options.COLOR),
        (14, 190),
    ),
    _sold(
        "floor mats",
        "Interior › Floor Mats",
        "floor mats, cargo liners, trunk mats, rubber car mats, carpet car mats",
        "all weather, odor free, non slip, easy clean, custom fit, trim to fit",
        "raised edges, heel pad, anchor clips, rubber backing",
        "work trucks, muddy boots, winter snow, family vans",
        (options.CAR_FIT, options.COLOR),
        (18, 180),
    ),
    _sold(
        "wiper blades",
        "Exterior › Wipers",
        "wiper blades, winter wiper blades, rear wiper blades, beam wiper blades",
        "streak free, easy install, whisper quiet, all weather, uv resistant",
        "graphite coating, universal adapter, spoiler design, natural rubber",
        "heavy rain, winter snow, long haul, older cars",
        (options.WIPER, options.PACK),
        (7, 52),
    ),
    _sold(
        "motor oil",
        "Oils & Fluids",
        "motor oils, transmission fluids, brake fluids, coolants, gear oils",
        "full synthetic, high mileage, low viscosity, fuel saving, cold start",
        "detergent additives, corrosion inhibitors, easy pour spout, seal conditioner",
        "diesel engines, motorcycles, older cars, turbo engines",
        (options.VISCOSITY, options.QUARTS),
        (7, 78),
    ),
    _sold(
        "dash cams",
        "Electronics › Dash Cams",
        "dash cams, backup cameras, car stereos, gps trackers, radar detectors",
        "high resolution, easy install, ultra hd, loop recording, plug play, hands free",
        "night vision, parking mode, touch screen, gps antenna, rear camera, 3 inch display",
        "ride share drivers, work trucks, teen drivers, long haul",
        (options.STORAGE, options.BUNDLE),
        (22, 330),
    ),
    _sold(
        "car wash supplies",
        "Car Care",
        "car wash soaps, car waxes, microfiber towels, wheel cleaners, leather cleaners",
        "ph balanced, streak free, scratch resistant, biodegradable, water saving",
        "carnauba wax, foam cannon, scratch free fibers, spray nozzle, ceramic formula",
        "black paint, leather seats, alloy rims, pressure washers",
        (options.FLUID_OUNCES, options.PIECES),
        (6, 60),
    ),
    _sold(
        "headlight bulbs",
        "Lights",
        "headlight bulbs, fog lights, led light bars, tail lights, interior car lights",
        "high brightness, plug play, long lasting, water resistant, flicker free",
        "aluminum body, cooling fan, canbus decoder, remote control, mounting brackets",
        "work trucks, off road trips, foggy nights, older cars",
        (options.BULB, options.KELVIN, options.PACK),
        (9, 160),
    ),
    _sold(
        "tires",
        "Tires & Wheels",
        "all season tires, winter tires, trailer tires, atv tires, hub caps",
        "long lasting, fuel saving, whisper quiet, puncture proof, all weather",
        "steel belts, deep tread, rim protector, reinforced sidewall",
        "off road trips, winter snow, family vans, heavy trailers",
        (options.TIRE,),
        (28, 310),
    ),
)
