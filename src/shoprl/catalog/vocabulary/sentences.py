"""The sentences and trimmings that product texts are put together from."""

from shoprl.catalog.vocabulary.family import words

# {Attr} and {attr}: an attribute; {noun} after its article {a}, and {kind}: the product; {brand}, {theme}: its name.
TRAIT_LINES = (
    "{Attr}: every {noun} we pack is {attr}, and it stays so after months of use.",
    "Truly {attr}. We asked three hundred shoppers what mattered, and {attr} came out on top.",
    "{Attr} by design, so that you think about it once and never again.",
    "We wanted {a} {noun} that is {attr} without costing the earth. Here it is.",
    "Yes, it is {attr}: no small print and no excuses.",
    "{Attr} and proud of it - the {theme} range was drawn around that one idea.",
    "Checked twice by hand in our workshop to be {attr}.",
    "Because it is {attr}, this {noun} fits busy days as well as slow ones.",
    "{Attr} | the detail that people write to {brand} about most.",
    "Other shops promise a lot. This {noun} is simply {attr}.",
)
PART_LINES = (
    "{Attr}: the heart of this {noun}, chosen after a year of trials.",
    "Comes with {attr}, where cheaper ones cut the corner.",
    "You will notice the {attr} as soon as you open the box.",
    "With {attr} as standard, not as a costly extra.",
    "{Attr} gives the {theme} {noun} its character.",
    "Thanks to {attr}, it does its work quietly and well.",
    "{brand} uses {attr} throughout, and you can tell.",
    "Made better with {attr}; your neighbours may ask where you found it.",
    "Our makers swear by {attr}, and after a week you may as well.",
    "{Attr} included, nothing else to buy.",
)
USE_LINES = (
    "Perfect for {attr}, and welcome nearly everywhere else.",
    "{Attr}: this is what we had in mind when we drew the first sketch.",
    "A faithful companion for {attr}.",
    "Buyers choose it mostly for {attr}, says our mail.",
    "Suited to {attr} the whole year round.",
    "Take it along for {attr} - you will be glad you did.",
    "Great for {attr}, and it makes a thoughtful present too.",
    "Whether for {attr} or just for yourself, it earns its keep.",
    "Designed around {attr} from the first day.",
)
LINES = {"trait": TRAIT_LINES, "part": PART_LINES, "use": USE_LINES}
INTROS = (
    "Meet the {theme} {noun} by {brand}.",
    "{brand} has been making things people keep since its first little stall.",
    "Looking for {a} {noun} that does what it says? The {theme} range is our answer.",
    "About this item: one {noun}, a lot of thought.",
    "The {theme} line goes back to basics and gets them right.",
    "Simple to choose, easy to live with: the {brand} {noun}.",
    "PRODUCT DETAILS Brand: {brand} Range: {theme} Type: {noun}.",
    "Some things just work. We think this {noun} is one of them.",
    "Dear friend, welcome to the {brand} store!",
)
SERVICE_LINES = (
    "Write to {brand} at any hour and a person answers within one day.",
    "Not happy? Send it back within sixty days, and keep the box.",
    "Colours may look a little different on your screen.",
    "Please compare the measurements with the chart before you order.",
    "Packed in recycled card without plastic wrap.",
    "Ships from the nearest warehouse, mostly on the same day.",
    "A short guide in six languages lies in the box.",
    "Measured by hand, so allow for a difference of up to half an inch.",
    "What you get: 1 x {noun}, 1 x welcome card, and our friendly service.",
    "Two years of guarantee, no form to fill in.",
    "Keep this page for later and tell us how it went.",
    "A nice idea for birthdays, housewarmings and the end of term.",
    "Small batches mean that no two are exactly alike.",
    "Drawn by a team of five who use it every day.",
    "If anything is missing, we send it free of charge.",
    "Pairs well with the other pieces of the {theme} range.",
)
SEARCH_TERMS = (
    "{kind}, best {kind}, {theme} {kind}, {kind} sale, {kind} present, new {kind}, {brand} {kind}.",
    "Also searched: cheap {kind}, {kind} near me, {kind} for him, {kind} for her, large {kind}, small {kind}.",
)
TAILS = words(
    "Gift Idea, New Version, Value Bundle, Shop Favorite, Limited Run, Gift for Him, Gift for Her, Upgraded, Everyday "
    "Essential, Small Batch, Modern Look, Best Present Idea, Premium Pick, Ideal Present for Friends & Family, "
    "2-Year Guarantee, Home & Away, Easy Returns, Trusted Quality, Designer Choice, "
    "Makes a Thoughtful Present for Birthdays and Anniversaries, Loved by Families and Busy People Alike, "
    "Old Packaging May Vary, Ships in Plain Box with Care Guide, For All Seasons and Every Occasion, "
    "Season Special"
)
SEARCHED = words(
    "Gift for Women Men, Gifts for Mom Dad, for Women, for Men, for Kids, for Girls Boys, Women Men, Best Seller, "
    "New Arrival, Clearance Sale, Deals of the Day, Prime Quality, Birthday Christmas Gifts, for Adults Teens, "
    "Home Kitchen Office, Indoor Outdoor, Plus Size, Wholesale Bulk, Same Day Shipping, Cute Aesthetic Stuff, "
    "Must Have Items, Under 20, Back to School, Valentines Day, Mothers Day, for Him Her, Travel Essentials, "
    "Summer Winter, Daily Use, Room Decor, Cheap Stuff, Trending Now, Multi Purpose, Heavy Duty Portable"
)
MEASURES = words(
    "{} Inch, {}cm, {} oz, {} Fl Oz, {}ml, {}mm, {} ft, {} lb, {}g, {}W, {}V, {} x 12 Inch, {}L, {} Count, Size {}"
)
SEPARATORS = (", ", ", ", ", ", " - ", " | ", "; ", " – ")
BULLET_HEADS = (
    "",
    "",
    "",
    "★ ",
    "✔ ",
    "♥ ",
    "● ",
    "【{HEAD}】 ",
    "[{Head}] ",
    "{HEAD} - ",
    "{Head}: ",
    "☛{Head}☚ ",
    "✿✿ ",
)
STAINS = ("<br>", " &amp; ", " & ", "!!", " ™ ", " ®", " <3 ", " ~", "…", " （new）", " 100% ", " ❤", " #1 ", " é ")
BRAND_STARTS = words(
    "Al, Bel, Bri, Cal, Cor, Dal, Dor, El, Fen, Fir, Gal, Gri, Hal, Hol, Ix, Jor, Kal, Kel, Lor, Lum, Mar, Mel, "
    "Mor, Nal, Nor, Ol, Or, Pel, Quin, Ral, Ros, Sel, Sor, Tal, Tev, Thal, Ul, Val, Ver, Wil, Wyn, Xan, Yor, Zel, "
    "Zan, Bro, Cla, Dra"
)
# Three syllables or more: with two, some of the names would be those of real companies.
BRAND_MIDDLES = words("a, e, i, o, ba, di, fo, la, li, mo, na, ni, ra, ri, so, ta, vo, de, lu, ze")
BRAND_ENDS = words(
    "ba, beck, bo, by, da, dan, dell, den, do, ford, gar, go, hart, ka, kin, la, lan, len, lo, ma, mont, na, nex, "
    "nor, ora, pa, ra, rin, ro, sa, sen, son, ta, ton, tora, va, ven, via, vo, wick, wood, xa, zo"
)
BRAND_SUFFIXES = ("Home", "Co", "Studio", "Works", "Living", "Goods", "& Sons", "Lab", "Direct", "House")
