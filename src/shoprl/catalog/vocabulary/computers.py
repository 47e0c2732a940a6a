"""Product families of the department "computers"."""

from functools import partial

from shoprl.catalog.vocabulary import options
from shoprl.catalog.vocabulary.family import sold, words

_ROOT = "Computers & Tablets"
_THEMES = words(
    "Aeon, Cirrus, Helix, Ion, Kestrel, Lattice, Magna, Nexa, Optic, Proton, Quasar, Raptor, Slate Line, "
    "Tempo, Ultra Nine, Vega, Wave, Xenon, Yonder, Zephyr"
)
_sold = partial(sold, _ROOT, _THEMES)

FAMILIES = (
    _sold(
        "laptops",
        "Laptops › Traditional Laptops",
        "laptops, gaming laptops, business laptops, 2 in 1 laptops, ultrathin laptops",
        "light weight, fast boot, high performance, long lasting, anti glare, energy efficient, fanless design",
        "backlit keyboard, fingerprint reader, touch screen, 15.6 inch display, 14 inch display, 17.3 inch "
        "display, quad core processor, octa core processor, full hd webcam, number pad",
        "video editing, college classes, gaming nights, home office, coding work",
        (options.RAM, options.LAPTOP_COLOR),
        (180, 1900),
    ),
    _sold(
        "desktop computers",
        "Desktops › Towers",
        "desktop computers, gaming desktops, mini computers, all in one computers, tower workstations",
        "whisper quiet, high performance, space saving, energy efficient, liquid cooled",
        "dedicated graphics card, wifi adapter, dvd drive, quad core processor, octa core processor, rgb "
        "lighting, 24 inch display",
        "gaming nights, home office, video editing, small business, school work",
        (options.RAM,),
        (150, 2400),
    ),
    _sold(
        "tablets",
        "Tablets",
        "tablets, kids tablets, drawing tablets, android tablets, e readers",
        "light weight, high resolution, kid proof, long lasting, eye friendly, fast charging",
        "10.1 inch display, 8 inch display, 11 inch display, stylus pen, dual cameras, quad stereo speakers, "
        "parental controls",
        "drawing and sketching, reading in bed, long flights, online teaching, cartoon watching",
        (options.STORAGE, options.LAPTOP_COLOR),
        (45, 900),
    ),
    _sold(
        "computer mice",
        "Accessories › Mice",
        "wireless mice, gaming mice, vertical mice, trackball mice, travel mice",
        "whisper quiet, ergonomic shape, light weight, plug play, fast charging, left handed",
        "rgb lighting, adjustable dpi, side buttons, usb receiver, 2.4 ghz connection, bluetooth connection",
        "gaming nights, home office, wrist pain, tablet typing",
        (options.FINISH,),
        (7, 110),
    ),
    _sold(
        "external hard drives",
        "Data Storage › External Drives",
        "external hard drives, portable ssds, desktop hard drives, rugged hard drives",
        "shock proof, high speed, plug play, password protected, drop tested, water resistant",
        "usb 3.0 port, usb c connector, metal casing, backup software, data transfer",
        "game consoles, photo editing, video archives, school work",
        (options.DRIVE, options.LAPTOP_COLOR),
        (35, 420),
    ),
    _sold(
        "printers",
        "Printers",
        "inkjet printers, laser printers, photo printers, label printers, all in one printers",
        "energy efficient, wireless printing, high speed, high resolution, easy install, space saving",
        "automatic duplex, ink tank, color touchscreen, document feeder, scanner glass",
        "home office, school work, shipping labels, photo albums",
        (options.LAPTOP_COLOR, options.BUNDLE),
        (40, 520),
    ),
    _sold(
        "ink cartridges",
        "Printer Supplies › Ink",
        "ink cartridges, toner cartridges, refill ink bottles, photo ink packs",
        "high yield, fade resistant, smudge proof, easy install, eco friendly",
        "pigment ink, smart chip, dye based ink, drum unit",
        "photo albums, school work, shipping labels, small business",
        (options.INK, options.PACK),
        (9, 140),
        True,
    ),
    _sold(
        "wifi routers",
        "Networking › Routers",
        "wifi routers, mesh wifi systems, travel routers, range extenders, gaming routers",
        "high speed, easy install, dual band, wall mountable, long lasting",
        "gigabit ports, six antennas, parental controls, usb port, quad core processor",
        "large homes, game consoles, home office, hotel rooms",
        (options.PACK, options.FINISH),
        (20, 480),
    ),
    _sold(
        "graphics cards",
        "Components › Graphics Cards",
        "graphics cards, gaming graphics cards, low profile graphics cards",
        "factory overclocked, whisper quiet, energy efficient, high performance",
        "dual fans, triple fans, rgb lighting, metal backplate, 4 display outputs",
        "gaming nights, video editing, coding work",
        (options.MEMORY,),
        (70, 1300),
    ),
    _sold(
        "laptop bags",
        "Accessories › Bags & Sleeves",
        "laptop bags, laptop backpacks, laptop sleeves, rolling laptop cases",
        "water resistant, shock proof, light weight, ultra slim, scratch resistant",
        "padded straps, luggage strap, usb port, trolley handle, soft lining",
        "college classes, business trips, long flights, daily protection",
        (options.LAPTOP_SIZE, options.COLOR),
        (12, 120),
        True,
    ),
)
