"""What people say for the properties and sizes that shops name: other words for the same thing.

A phrase that starts with a word such as "with", "for" or "that" follows the noun; any other stands where the property
itself would.
"""

from collections.abc import Mapping
from types import MappingProxyType

_SAID = """
machine wash: machine washable, washer safe, that can go in the washing machine, that survives the washer
machine washable: machine wash, washer safe, that i can put in the washer, that can be washed in a machine
hand wash: hand washable, that i wash by hand, made for hand washing, hand wash only
wash cold: cold wash, that is washed in cold water, for cold water washing
dry clean: dry clean only, that goes to the dry cleaner, for dry cleaning
tumble dry: dryer safe, that can go in the dryer, that is fine in a tumble dryer
spot clean: that can be spot cleaned, wiped clean
easy clean: easy to clean, simple to wipe down, that cleans up easily, low effort cleaning
easy care: easy to care for, low maintenance
classic fit: classic cut, with a classic fit, with a traditional fit
loose fit: loose fitting, baggy, with a loose fit, that is not tight, roomy
slim fit: slim fitting, slim, with a slim cut, that fits close
regular fit: regular fitting, with a normal fit, with a standard fit
relaxed fit: relaxed fitting, with a relaxed cut, comfy fitting
comfortable fit: comfortable, comfy to wear, with a comfortable fit
short sleeve: short sleeved, with short sleeves, short-sleeve
long sleeve: long sleeved, with long sleeves, long-sleeve
needle sleeve: with needle sleeves, with double needle sleeves
cotton heather: heather cotton, made of heathered cotton
heathers cotton: heather cotton, made of heathered cotton, with cotton heathers
polyester heathers: heathered polyester, made of heather polyester
polyester spandex: made of polyester and spandex, poly spandex, stretchy polyester
cotton spandex: made of cotton and spandex, stretch cotton, made from a cotton spandex blend
nylon spandex: made of nylon and spandex, stretchy nylon
polyester cotton: made of polyester and cotton, poly cotton, made from a cotton blend
quality polyester: made of good polyester, made of quality polyester
stretch fabric: stretchy, made of stretchy material, that stretches
rubber sole: rubber soled, with rubber soles, with a sole made of rubber
rubber outsole: with a rubber outsole, with a rubber bottom
living room: for the living room, for my lounge, for the family room
dining room: for the dining room, for where we eat
non slip: nonslip, anti slip, slip proof, that does not slip, that stays in place
anti slip: non slip, nonslip, that does not slide
slip resistant: non slip, slip-proof, with good grip
teen girls: for teen girls, for a teenage girl, for teenagers
daily wear: for everyday use, for wearing every day, everyday
everyday wear: for daily use, for every day
button closure: buttoned, with buttons, that closes with a button
drawstring closure: with a drawstring, with drawstrings, drawstring
elastic closure: with an elastic closure, that closes with elastic
lace closure: lace up, with laces
elastic waist: elastic waisted, with an elastic waist, with a stretchy waist
elastic waistband: with an elastic waistband, with a stretchy waistband
high waist: high waisted, with a high waist, high rise
day comfort: comfortable all day, for all day comfort, that stays comfy all day
officially licensed: official, licensed, that is official merchandise
gym workout: for the gym, for working out, for workouts
eco friendly: environmentally friendly, green, good for the environment, sustainable
moisture wicking: sweat wicking, that wicks sweat away, that keeps me dry
quick drying: fast drying, quick dry, that dries quickly
fleece throw: made of fleece, fleece
fleece lined: lined with fleece, with a fleece lining
tummy control: that flattens the stomach, with tummy control, that holds my belly in
butt lifting: that lifts the butt, booty lifting
contrast color: with contrasting colors, two tone
arch support: with arch support, that supports my arches
memory foam: with memory foam, made of memory foam
high quality: good quality, top quality, well made, premium
quality materials: made of good materials, well made
gluten free: without gluten, with no gluten, for someone with celiac disease, gluten-free
dairy free: without dairy, with no milk in it, non dairy
soy free: without soy, with no soy
grain free: without grains, with no grain
non gmo: without gmo, gmo free, not genetically modified
low sugar: with little sugar, low in sugar, not too sweet
low carb: low in carbs, with few carbs
sugar free: without sugar, with no sugar, unsweetened
keto friendly: keto, for a keto diet
plant based: vegan, made from plants, plant-based
artificial flavors: with no artificial flavors, without artificial flavors
natural ingredients: made with natural ingredients, natural, all natural
natural flavors: naturally flavored, with natural flavors
protein serving: with protein, high in protein
dietary fiber: with fiber, high in fiber
straight leg: straight legged, with straight legs
wide leg: wide legged, with wide legs
high heel: high heeled, with high heels
closed toe: with a closed toe, that covers the toes
open toe: open toed, with an open toe
steel toe: steel toed, with steel toes, safety toe
knee high: that goes up to the knee, knee length
ankle strap: with an ankle strap, that straps at the ankle
faux fur: fake fur, made of fake fur, with faux fur
faux leather: fake leather, made of fake leather, vegan leather
pu leather: made of pu leather, synthetic leather, faux leather
fashion design: fashionable, stylish, with a fashionable design
unique design: unusual, with a unique design, that looks different
long lasting: durable, that lasts long, that lasts a long time, lasting
light weight: lightweight, light, not heavy, that does not weigh much
heavy duty: sturdy, strong, tough, built to last
super soft: very soft, really soft, soft
soft material: soft, made of soft material
solid wood: wooden, made of solid wood, made of real wood
wood frame: wooden framed, with a wooden frame
steel frame: with a steel frame, with a metal frame
stainless steel: made of stainless steel, stainless, steel
aluminum alloy: aluminum, made of aluminum
gold plated: with gold plating, gold-plated
tempered glass: made of tempered glass, with tempered glass
clear glass: with clear glass, see through glass
glass shade: with a glass shade, glass shaded
high speed: fast, quick, with high speed
high density: dense, with high density
high performance: powerful, that performs well
high resolution: with high resolution, sharp
high definition: hd, in hd, with high definition
easy assemble: easy to assemble, easy to put together, that goes together easily
easy install: easy to install, simple to install, that installs easily, easy to set up
easy use: easy to use, simple to use, user friendly
easy carry: easy to carry, portable, that is easy to carry around
assembly required: that i put together myself, that comes unassembled
ready hang: ready to hang, that i can hang right away
ready use: ready to use, that works out of the box
wall mounted: wall mount, that mounts on the wall, for the wall
height adjustable: adjustable in height, with adjustable height
hands free: handsfree, for hands free use
wireless charging: that charges wirelessly, with wireless charging
wireless bluetooth: bluetooth, with bluetooth
usb port: with a usb port, with usb
fast charging: quick charging, that charges fast
plug play: plug and play, that just plugs in
quick release: with quick release, that comes off quickly
space saving: that saves space, for small spaces, compact
storage space: with storage, with room to store things
box spring: with a box spring, for a box spring
queen size: queen, queen sized
king size: king, king sized
hair loss: for hair loss, for thinning hair
hair growth: for hair growth, that helps hair grow
natural hair: for natural hair, made of natural hair
dry hair: for dry hair, for hair that is dry
damaged hair: for damaged hair
dry skin: for dry skin
dead skin: for dead skin, that removes dead skin
sensitive skin: for sensitive skin, gentle on skin
oil free: without oil, non oily
paraben free: without parabens, with no parabens
sulfate free: without sulfates, with no sulfates
cruelty free: not tested on animals, with no animal testing
animal testing: cruelty free, not tested on animals
clinically proven: with clinical proof, that is proven to work
teeth whitening: that whitens teeth, for whiter teeth
oral hygiene: for oral care, for clean teeth
fine lines: for fine lines, for wrinkles
eye shadow: eyeshadow, for the eyes
compatible apple: for apple, that works with apple
winter warm: warm, for winter, that keeps me warm in winter
mid century: mid-century, with a retro look
double sided: two sided, with two sides
water resistant: waterproof, that keeps water out
stain resistant: that does not stain
hypoallergenic: for allergies
exquisite workmanship: well crafted, finely made
printing technology: printed
white item: white
button tufted: tufted, with tufted buttons
bird watching: for watching birds, for birding
"""


def _read(table: str) -> dict[str, tuple[str, ...]]:
    rows = (line.split(": ", 1) for line in table.strip().splitlines())
    return {name: tuple(phrase.strip() for phrase in phrases.split(",")) for name, phrases in rows}


SAID: Mapping[str, tuple[str, ...]] = MappingProxyType(_read(_SAID))
"""Attribute -> what people say for it."""

SIZES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    _read("""
xx-small: xxs, 2xs, extra extra small
x-small: xs, extra small, extra-small
small: s, a small
medium: m, med, a medium
large: l, a large
x-large: xl, extra large, extra-large
xx-large: xxl, 2xl, 2x, double xl, extra extra large
3x-large: 3xl, 3x, xxxl, triple xl
4x-large: 4xl, 4x, xxxxl
5x-large: 5xl, 5x
6x-large: 6xl, 6x
twin: twin size, twin bed
full: full size
queen: queen size, queen sized
king: king size, king sized
""")
)
"""Size as shops write it -> as people do."""
