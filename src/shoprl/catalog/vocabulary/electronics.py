"""Product families of the department "electronics"."""

from shoprl.catalog.vocabulary import options
from shoprl.catalog.vocabulary.family import Family, words

_THEMES = words(
    "Nova, Pulse, Apex, Orbit, Titan, Vertex, Flux, Echo Bay, Summit, Core, Nimbus, Strato, Vector, Lumen, "
    "Prism, Relay, "
    "Cobalt Series, Ridge, Quantum Leaf, Zenith, Delta, Aero, Meridian, Sprint, Atlas, Polar, Signal, Onyx"
)
_COMMON = words("easy use, easy install, high performance, long lasting, heavy duty, light weight, energy efficient")
_AUDIO = words(
    "noise cancelling, hands free, high definition, water resistant, easy carry, long lasting, light weight, "
    "fast charging, sweat proof, low latency"
)
_AUDIO_PARTS = words(
    "stereo sound, deep bass, bluetooth connection, built in microphone, touch control, usb port, aux input, "
    "ear cushions"
)
_AUDIO_USES = words("gym workout, home office, video calls, outdoor parties, long flights, phone calls, gaming nights")
_GUARD = words(
    "shock proof, drop tested, non slip, scratch resistant, heavy duty, ultra slim, "
    "wireless charging friendly, easy install, dust proof"
)
_CABLE = words(
    "high speed, gold plated, heavy duty, fast charging, tangle free, plug play, light weight, high performance"
)
_VIDEO = words(
    "high resolution, ultra hd, plug play, motion activated, easy install, weather proof, high performance, "
    "batteries included"
)


def _audio(query: str, path: str, kinds: str, price: tuple[float, float]) -> Family:
    pools = (options.FINISH, options.BUNDLE)
    return Family(
        query, f"Electronics › {path}", words(kinds), _AUDIO, _AUDIO_PARTS, _AUDIO_USES, _THEMES, pools, price
    )


def _cable(query: str, path: str, kinds: str, parts: str, uses: str, price: tuple[float, float]) -> Family:
    pools = (options.CABLE, options.FINISH, options.PACK)
    return Family(
        query, f"Electronics › {path}", words(kinds), _CABLE, words(parts), words(uses), _THEMES, pools, price
    )


FAMILIES = (
    _audio(
        "headphones",
        "Headphones › Over-Ear Headphones",
        "headphones, over ear headphones, on ear headphones, gaming headsets",
        (18, 290),
    ),
    _audio(
        "earbuds",
        "Headphones › Earbud Headphones",
        "earbuds, wireless earbuds, sport earbuds, sleep earbuds",
        (12, 180),
    ),
    _audio(
        "bluetooth speakers",
        "Portable Audio & Video › Portable Speakers",
        "bluetooth speakers, shower speakers, party speakers, bookshelf speakers",
        (14, 240),
    ),
    _audio(
        "soundbars",
        "Home Audio › Speakers › Soundbars",
        "soundbars, tv soundbars, compact soundbars, soundbars with subwoofer",
        (40, 420),
    ),
    _cable(
        "hdmi cables",
        "Accessories & Supplies › Cables › HDMI Cables",
        "hdmi cables, braided hdmi cables, micro hdmi cables, flat hdmi cables",
        "ethernet channel, braided nylon, blu ray support, aluminum shell, triple shielding",
        "home theater, game consoles, conference rooms, desktop monitors",
        (5, 60),
    ),
    _cable(
        "charging cables",
        "Cell Phone Accessories › Chargers & Power Adapters",
        "charging cables, usb c cables, multi charging cables, right angle cables",
        "data transfer, braided nylon, aluminum shell, led indicator, magnetic tip",
        "road trips, bedside charging, office desks, power banks",
        (4, 35),
    ),
    _cable(
        "network cables",
        "Accessories & Supplies › Cables › Ethernet Cables",
        "network cables, flat ethernet cables, outdoor ethernet cables, patch cables",
        "triple shielding, copper wire, snagless plugs, cable clips, braided nylon",
        "home office, game consoles, server racks, smart televisions",
        (5, 70),
    ),
    Family(
        "power banks",
        "Electronics › Portable Power › Power Banks",
        words("power banks, solar power banks, magnetic power banks, mini power banks"),
        (*_COMMON, *words("fast charging, easy carry, shock proof")),
        words("usb port, led display, solar panel, built in cable, quick charge ports"),
        words("camping trips, long flights, road trips, festival weekends"),
        _THEMES,
        (options.FINISH, options.BUNDLE),
        (14, 110),
    ),
    Family(
        "phone cases",
        "Cell Phones & Accessories › Cases, Holsters & Sleeves › Basic Cases",
        words("phone cases, wallet phone cases, clear phone cases, rugged phone cases, flip covers"),
        _GUARD,
        words("card slots, tempered glass, kickstand ring, soft tpu, faux leather, camera guard"),
        words("daily protection, construction sites, active lifestyles, business trips"),
        _THEMES,
        (options.PHONES, options.COLOR),
        (7, 45),
        True,
    ),
    Family(
        "screen protectors",
        "Cell Phones & Accessories › Screen Protectors",
        words("screen protectors, privacy screen protectors, matte screen films, camera lens protectors"),
        (*_GUARD, *words("ultra hd, anti glare, bubble free")),
        words("tempered glass, alignment frame, oleophobic coating, soft film, rounded edges"),
        words("daily protection, touch drawing, outdoor reading, kids tablets"),
        _THEMES,
        (options.PHONES, options.PACK),
        (5, 28),
        True,
    ),
    Family(
        "smartwatch bands",
        "Cell Phones & Accessories › Smartwatch Accessories › Bands",
        words("smartwatch bands, sport bands, nylon loops, metal link bands"),
        words("quick release, sweat proof, water resistant, easy install, light weight, long lasting"),
        words("stainless steel, soft silicone, genuine leather, magnetic clasp, braided nylon"),
        words("gym workout, daily wear, business suits, small wrists"),
        _THEMES,
        (options.COLOR, options.WATCHES),
        (6, 48),
        True,
    ),
    Family(
        "smartwatches",
        "Electronics › Wearable Technology › Smartwatches",
        words("smartwatches, fitness watches, kids smartwatches, hybrid watches"),
        words("water resistant, long lasting, hands free, light weight, fast charging, scratch resistant"),
        words("heart rate monitor, touch screen, sleep tracking, step counter, stainless steel, voice assistant"),
        words("gym workout, daily wear, open water swims, hiking trips"),
        _THEMES,
        (options.FINISH, options.WATCHES),
        (28, 320),
    ),
    Family(
        "tripods",
        "Electronics › Camera & Photo › Tripods & Monopods",
        words("tripods, travel tripods, desktop tripods, phone tripods, monopods"),
        (*_COMMON, *words("quick release, easy carry, non slip")),
        words("carbon fiber, aluminum alloy, ball head, carrying bag, remote shutter"),
        words("live streaming, bird watching, night photography, vlogging trips"),
        _THEMES,
        (options.FINISH, options.BUNDLE),
        (14, 210),
    ),
    Family(
        "security cameras",
        "Electronics › Security & Surveillance › Surveillance Cameras",
        words("security cameras, doorbell cameras, indoor cameras, floodlight cameras, dome cameras"),
        _VIDEO,
        words("night vision, motion detection, two way audio, solar panel, cloud storage, siren alarm"),
        words("front porch, baby room, driveway watch, small business"),
        _THEMES,
        (options.FINISH, options.PACK, options.BUNDLE),
        (24, 330),
    ),
    Family(
        "webcams",
        "Electronics › Computers & Accessories › Webcams",
        words("webcams, streaming webcams, conference webcams, webcams with ring light"),
        _VIDEO,
        words("auto focus, privacy cover, built in microphone, wide angle, tripod mount"),
        words("video calls, live streaming, online teaching, home office"),
        _THEMES,
        (options.FINISH, options.BUNDLE),
        (16, 180),
    ),
    Family(
        "computer monitors",
        "Electronics › Computers & Accessories › Monitors",
        words("computer monitors, gaming monitors, curved monitors, portable monitors"),
        words("ultra hd, high resolution, wall mountable, eye friendly, energy efficient, plug play, anti glare"),
        words("usb port, built in speakers, height stand, thin bezels, blue light filter"),
        words("photo editing, gaming nights, home office, dual desk setups"),
        _THEMES,
        (options.SCREENS, options.FINISH),
        (85, 780),
    ),
    Family(
        "keyboards",
        "Electronics › Computers & Accessories › Keyboards",
        words("keyboards, mechanical keyboards, wireless keyboards, compact keyboards, numeric pads"),
        words("hot swappable, spill proof, plug play, whisper quiet, light weight, long lasting, ergonomic shape"),
        words("rgb lighting, wrist rest, aluminum alloy, volume knob, usb port"),
        words("gaming nights, home office, tablet typing, coding work"),
        _THEMES,
        (options.KEYS, options.FINISH),
        (15, 210),
    ),
    Family(
        "tv mounts",
        "Electronics › Television & Video › TV Mounts",
        words("tv mounts, full motion tv mounts, tilting tv mounts, ceiling tv mounts"),
        words("heavy duty, easy install, ultra slim, powder coated, full motion, height adjustable"),
        words("carbon steel, bubble level, cable clips, tool kit, swivel arm"),
        words("living room, corner walls, brick walls, bedroom walls"),
        _THEMES,
        (options.SCREENS, options.BUNDLE),
        (18, 160),
        True,
    ),
    Family(
        "binoculars",
        "Electronics › Camera & Photo › Binoculars & Scopes",
        words("binoculars, compact binoculars, kids binoculars, night vision monoculars"),
        words("high power, non slip, water resistant, easy carry, high definition, fog proof, light weight"),
        words("aluminum alloy, coated lenses, neck strap, phone adapter, bak4 prism"),
        words("bird watching, concert nights, hunting season, stargazing nights"),
        _THEMES,
        (options.LENSES, options.FINISH),
        (18, 240),
    ),
    Family(
        "memory cards",
        "Electronics › Computers & Accessories › Memory Cards",
        words("memory cards, micro sd cards, flash drives, compact flash cards"),
        words("high speed, water resistant, shock proof, plug play, high performance, temperature proof"),
        words("adapter sleeve, metal casing, recovery software, key ring loop, data transfer"),
        words("action cameras, dash cams, drone footage, photo editing"),
        _THEMES,
        (options.STORAGE, options.PACK),
        (6, 190),
        True,
    ),
)
