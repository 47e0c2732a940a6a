"""Product families of the department "kitchen"."""

from functools import partial

from shoprl.catalog.vocabulary import options
from shoprl.catalog.vocabulary.family import sold, words

_ROOT = "Kitchen & Dining"
_THEMES = words(
    "Bistro, Caraway, Chef Line, Copperfield, Dinette, Ember, Epicure, Fieldstone, Gourmet, Homestead, "
    "Juniper, Larder, Maison, Onyx Kitchen, Pantry, Saffron, Tavola, Umber"
)
_sold = partial(sold, _ROOT, _THEMES)

FAMILIES = (
    _sold(
        "cookware sets",
        "Cookware › Sets",
        "cookware sets, frying pans, saucepans, stock pots, woks, griddle pans",
        "non stick, oven safe, dishwasher safe, pfas free, induction ready, scratch resistant",
        "glass lids, stay cool handles, copper core, ceramic coating, cast iron, stainless steel",
        "gas stoves, family dinners, camping trips, small kitchens",
        (options.COLOR, options.QUARTS),
        (18, 420),
    ),
    _sold(
        "coffee makers",
        "Coffee, Tea & Espresso",
        "coffee makers, espresso machines, french presses, pour over sets, cold brew makers",
        "programmable, dishwasher safe, easy clean, space saving, fast brewing, leak proof",
        "glass carafe, thermal carafe, milk frother, reusable filter, built in grinder, stainless steel",
        "small kitchens, office breaks, camping trips, iced coffee",
        (options.CUPS, options.FINISH),
        (14, 560),
    ),
    _sold(
        "kitchen knives",
        "Cutlery",
        "chef knives, knife sets, paring knives, bread knives, santoku knives, steak knives",
        "razor sharp, dishwasher safe, rust proof, hand forged, full tang, well balanced",
        "high carbon steel, damascus steel, wooden block, ergonomic handle, blade guard",
        "meat carving, vegetable chopping, home chefs, wedding gifts",
        (options.KNIFE, options.PIECES),
        (12, 330),
    ),
    _sold(
        "mugs",
        "Drinkware › Mugs",
        "coffee mugs, travel mugs, camping mugs, tea cups, tumblers",
        "dishwasher safe, microwave safe, leak proof, double walled, bpa free, hand painted",
        "bamboo lid, silicone sleeve, stainless steel, bone china, straw included",
        "hot chocolate, office breaks, road trips, teacher gifts",
        (options.COLOR, options.DRINK, options.PACK),
        (6, 58),
    ),
    _sold(
        "water bottles",
        "Drinkware › Bottles",
        "water bottles, insulated bottles, sports bottles, kids water bottles, protein shakers",
        "leak proof, bpa free, double walled, dishwasher safe, sweat proof, wide mouth",
        "straw lid, carrying loop, time marker, stainless steel, fruit infuser",
        "gym workout, school days, trail hikes, bike rides",
        (options.DRINK, options.COLOR),
        (7, 52),
    ),
    _sold(
        "blenders",
        "Small Appliances › Blenders",
        "blenders, personal blenders, immersion blenders, food processors, stand mixers",
        "high power, whisper quiet, easy clean, dishwasher safe, variable speed, bpa free",
        "glass jar, travel cup, pulse control, six blades, tamper tool",
        "green smoothies, baby food, cake batter, soup making",
        (options.WATTS, options.FINISH),
        (18, 450),
    ),
    _sold(
        "food storage containers",
        "Storage & Organization",
        "food storage containers, lunch boxes, meal prep boxes, cereal dispensers, spice racks",
        "leak proof, microwave safe, bpa free, dishwasher safe, stackable, freezer safe",
        "snap lids, bamboo lid, divided trays, silicone seal, borosilicate glass",
        "meal prep, pantry shelves, school lunches, baby food",
        (options.PIECES, options.COLOR),
        (9, 85),
    ),
    _sold(
        "air fryers",
        "Small Appliances › Fryers",
        "air fryers, toaster ovens, deep fryers, rice cookers, slow cookers, pressure cookers",
        "easy clean, non stick, oil free cooking, programmable, dishwasher safe, energy efficient",
        "viewing window, touch control, crisper basket, ceramic coating, keep warm mode",
        "family dinners, small kitchens, one person meals, frozen snacks",
        (options.QUARTS, options.FINISH),
        (28, 310),
    ),
    _sold(
        "bakeware",
        "Bakeware",
        "baking pans, muffin tins, cake molds, cookie sheets, loaf pans, pie dishes",
        "non stick, oven safe, dishwasher safe, warp resistant, freezer safe",
        "carbon steel, food grade silicone, cooling rack, wide handles, tempered glass",
        "holiday baking, birthday cakes, banana bread, wedding gifts",
        (options.INCHES, options.PACK),
        (7, 68),
    ),
    _sold(
        "dinnerware",
        "Tabletop › Dinnerware",
        "dinnerware sets, dinner plates, cereal bowls, serving platters, salad plates",
        "microwave safe, dishwasher safe, chip resistant, hand painted, stackable",
        "bone china, glazed stoneware, gold rim, melamine shell, bamboo fiber",
        "outdoor picnics, holiday tables, wedding gifts, everyday meals",
        (options.PIECES, options.COLOR),
        (14, 190),
    ),
)
