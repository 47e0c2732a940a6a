"""Product families of the department "grocery"."""

from shoprl.catalog.vocabulary import options
from shoprl.catalog.vocabulary.family import Family, Pool, words

_ROOT = "Grocery & Gourmet Food"
_THEMES = words(
    "Harvest, Old Mill, Sunny Hill, Orchard, Stone Hearth, Farm Stand, Golden Field, Blue Barn, Hearth, "
    "Meadow, Wild Ridge, "
    "Grandma's Pantry, Market Day, Little Valley, Copper Kettle, Sunrise, Homestead, River Bend, Grove, Family Recipe, "
    "Open Range, Roadside, Garden Row, Campfire, Tavern, Island, Highland, Lakeside"
)
_DIET = words(
    "gluten free, non gmo, dairy free, soy free, nut free, plant based, keto friendly, low sodium, "
    "usda organic, kosher certified, fat free, shelf stable, individually wrapped"
)
_SWEET = words("low sugar, sugar free, low carb, high protein, ready eat, low calorie, grain free")
_DRINK = words(
    "caffeine free, sugar free, usda organic, non gmo, gluten free, fair trade, zero calories, "
    "individually wrapped, freshly ground, low acid"
)
_PARTS = words(
    "natural ingredients, real fruit, simple ingredients, high fiber, artificial flavors removed, "
    "whole grains, chia seeds, sea salt"
)
_GIFTS = words(
    "lunch boxes, gift baskets, road trips, birthday party, after school snacks, camping trips, movie nights"
)
_COOK = words("family dinners, weeknight cooking, holiday baking, grilling season, salad bowls, meal prep")


def _snack(query: str, leaf: str, kinds: str, sweet: bool, price: tuple[float, float]) -> Family:
    flavors = options.SWEET if sweet else options.SAVOURY
    path = f"{_ROOT} › Snacks & Sweets › {leaf}"
    return Family(
        query, path, words(kinds), (*_DIET, *_SWEET), _PARTS, _GIFTS, _THEMES, (flavors, options.OUNCES), price
    )


def _drink(
    query: str,
    leaf: str,
    kinds: str,
    parts: str,
    uses: str,
    pools: tuple[Pool, ...],
    price: tuple[float, float],
) -> Family:
    path = f"{_ROOT} › Beverages › {leaf}"
    return Family(query, path, words(kinds), _DRINK, words(parts), words(uses), _THEMES, pools, price)


def _pantry(query: str, leaf: str, kinds: str, parts: str, price: tuple[float, float]) -> Family:
    path = f"{_ROOT} › Pantry Staples › {leaf}"
    pools = (options.SAVOURY, options.OUNCES, options.PACK)
    return Family(query, path, words(kinds), _DIET, words(parts), _COOK, _THEMES, pools, price)


FAMILIES = (
    _snack(
        "protein bars",
        "Snack Foods › Bars › Protein",
        "protein bars, crunchy protein bars, meal bars, energy bites",
        True,
        (8, 48),
    ),
    _snack(
        "granola", "Breakfast Foods › Cereals › Granola", "granola, granola clusters, muesli, oat cereal", True, (5, 38)
    ),
    _snack("cookies", "Cookies", "cookies, shortbread cookies, sandwich cookies, biscotti", True, (4, 36)),
    _snack(
        "dark chocolate",
        "Chocolate › Bars",
        "dark chocolate, chocolate bark, chocolate truffles, chocolate covered nuts",
        True,
        (5, 52),
    ),
    _snack("gummies", "Candy & Gum › Gummy Candies", "gummies, sour gummies, fruit chews, jelly beans", True, (4, 32)),
    _snack("trail mix", "Snack Foods › Trail Mix", "trail mix, nut mix, snack mix, roasted nuts", True, (7, 46)),
    _snack(
        "popcorn", "Snack Foods › Popcorn", "popcorn, kettle corn, microwave popcorn, popcorn kernels", False, (4, 38)
    ),
    _snack(
        "crackers", "Snack Foods › Crackers", "crackers, seed crackers, cheese crackers, rice crackers", False, (4, 34)
    ),
    _snack(
        "beef jerky",
        "Snack Foods › Jerky & Dried Meats",
        "beef jerky, turkey jerky, meat sticks, biltong",
        False,
        (7, 64),
    ),
    _snack(
        "potato chips",
        "Snack Foods › Chips & Crisps",
        "potato chips, kettle chips, veggie straws, tortilla chips",
        False,
        (4, 40),
    ),
    Family(
        "dried fruit",
        f"{_ROOT} › Produce › Dried Fruits",
        words("dried fruit, dried mango, freeze dried berries, fruit leather, banana chips"),
        (*_DIET, *_SWEET),
        _PARTS,
        _GIFTS,
        _THEMES,
        (options.FRUITY, options.OUNCES),
        (5, 44),
    ),
    _drink(
        "green tea",
        "Coffee, Tea & Cocoa › Tea › Green",
        "green tea, matcha powder, loose leaf green tea, green tea bags",
        "natural ingredients, whole leaves, pyramid bags, resealable pouch, rich antioxidants",
        "iced tea, afternoon breaks, gift baskets, quiet evenings",
        (options.TEA, options.OUNCES),
        (5, 46),
    ),
    _drink(
        "herbal tea",
        "Coffee, Tea & Cocoa › Tea › Herbal",
        "herbal tea, chamomile tea, rooibos tea, herbal tea samplers",
        "natural ingredients, pyramid bags, real fruit, resealable pouch, dried flowers",
        "bedtime routine, iced tea, gift baskets, sore throats",
        (options.TEA, options.PACK),
        (5, 42),
    ),
    _drink(
        "ground coffee",
        "Coffee, Tea & Cocoa › Coffee › Ground",
        "ground coffee, coffee pods, whole bean coffee, instant coffee",
        "natural ingredients, smooth finish, resealable pouch, single origin beans, rich crema",
        "cold brew, espresso machines, office breaks, gift baskets",
        (options.ROAST, options.OUNCES),
        (6, 68),
    ),
    _drink(
        "drink mixes",
        "Bottled Beverages, Water & Drink Mixes › Powdered Drink Mixes",
        "drink mixes, electrolyte powder, lemonade mix, water enhancers",
        "natural flavors, vitamin c, real fruit, stick packets, natural ingredients",
        "gym workout, hot days, road trips, lunch boxes",
        (options.FRUITY, options.PACK),
        (5, 44),
    ),
    _pantry(
        "hot sauces",
        "Condiments & Salad Dressings › Hot Sauce",
        "hot sauces, pepper sauces, chili crisp, wing sauces",
        "natural ingredients, real peppers, glass bottle, sea salt, aged vinegar",
        (4, 40),
    ),
    _pantry(
        "pasta",
        "Dried Beans, Grains & Rice › Pasta & Noodles",
        "pasta, spaghetti, rice noodles, lasagna sheets, macaroni",
        "whole grains, simple ingredients, bronze cut, high fiber, chickpea flour",
        (3, 36),
    ),
    _pantry(
        "olive oil",
        "Cooking & Baking › Oils, Vinegars & Sprays",
        "olive oil, avocado oil, infused oil, cooking spray",
        "natural ingredients, cold pressed, glass bottle, dark tin, pour spout",
        (8, 62),
    ),
    _pantry(
        "spices",
        "Herbs, Spices & Seasonings",
        "spices, spice blends, rubs, seasoning salts, pepper grinders",
        "natural ingredients, sea salt, glass bottle, resealable pouch, whole seeds",
        (3, 38),
    ),
    _pantry(
        "soups",
        "Soups, Stocks & Broths",
        "soups, bone broth, ramen bowls, lentil soup, chowder cups",
        "natural ingredients, high fiber, real vegetables, simple ingredients, microwave bowl",
        (4, 48),
    ),
)
