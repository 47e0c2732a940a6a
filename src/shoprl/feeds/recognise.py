"""Recognises what the fields of a feed are, by their names and by what they hold."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches

from shoprl.errors import CatalogError
from shoprl.feeds.columns import Column, plain_name
from shoprl.feeds.mapping import TARGETS, FeedMapping, PriceSettings, Target, is_braced

# Names of fields, blind to case and punctuation; the first that a feed has is taken.
_NAMES: Mapping[Target, str] = {
    "group": "itemgroupid handle urlhandle parentsku parentasin parentid parent groupid productgroupid "
    "inproductgroupwithid",
    "id": "id itemid productid asin sku variantsku itemsku objectid offerid articlenumber artikelnummer productcode "
    "uniqid uid référence referencia "
    "upc ean ean13 gtin gtin13 gtin12 gtin14 gtin8 mpn handle @id",
    "title": "title producttitle productname name itemname displayname productdisplayname itemtitle titel "
    "bezeichnung artikelbezeichnung artikelname produktname désignation nom nomduproduit nombre título titolo "
    "nome naam "
    "productnaam product",
    "description": "description bodyhtml productdescription longdescription fulldescription descriptionhtml body "
    "shortdescription summary overview productoverview "
    "beschreibung descripción descrizione omschrijving",
    "bullets": "bullets bulletpoints featurebullets smalldescription aboutproduct aboutitem highlights keyfeatures "
    "producthighlight producthighlights",
    "sale_price": "saleprice specialprice discountedprice discountprice finalprice offerprice currentprice",
    "price": "price variantprice offersprice offerslowprice priceamount sellingprice retailprice listprice "
    "regularprice unitprice priceusd priceeur pricing pricecents priceincents pricerangeminamount "
    "standardprice pricetaxincl pricetaxexcl "
    "msrp rrp uvp preis prix prixttc precio prezzo prijs",
    "currency": "currency currencycode pricecurrency offerspricecurrency pricerangemincurrency",
    "category": "producttype googleproductcategory productcategory categoryhierarchy categories category categorypath "
    "categorytree productcategorytree breadcrumbs breadcrumb hierarchicalcategories productcategories maincategory "
    "department kategorie catégorie categoría categoria categorie type",
    "type": "query type productclass",
    "brand": "brand brandname brands vendor manufacturer manufacturername supplier suppliername maker marke "
    "hersteller marque fabricant marca merk",
    "variant_image": "variantimage variantimageurl variantimagesrc",
    "image": "imagelink imageurl image imagesrc images productimageurl additionalimagelink additionalimagelinks "
    "additionalimageurl additionalimageurls "
    "bild lienimage imagen immagine afbeelding",
    "url": "url link producturl productlink canonicalurl onlinestoreurl permalink",
    "availability": "availability offersavailability instock stockstatus availabilitystatus available stock inventory "
    "variantinventoryqty inventoryquantity quantity "
    "verfügbarkeit bestand lagerbestand disponibilité quantité disponibilidad cantidad disponibilità quantità voorraad",
    "rating": "rating averagerating ratingvalue aggregateratingratingvalue avgrating reviewaverage starrating stars "
    "customerreviewaverage productrating overallrating",
    "rating_count": "ratingcount aggregateratingratingcount aggregateratingreviewcount ratingscount ratingnumber "
    "numberofratings reviewcount reviewscount numberofreviews customerreviewcount",
    "attributes": "tags keywords",
    "features": "features productfeatures attributes specifications specs technicaldetails additionalproperty "
    "properties productdetail productdetails productspecification productspecifications details "
    "customattributes additionalattributes",
    "options": "options variantdict selectedoptions customizationoptions productoptions",
    "variants": "variants hasvariant",
}
NAMES: Mapping[Target, Sequence[str]] = {target: names.split() for target, names in _NAMES.items()}
_SEVERAL = ("bullets", "image", "attributes", "features", "description")  # all fields of such a name are taken
_ONE = ("id", "title", "options", "variants", "rating", "rating_count")  # further fields would be something else
_TEXTS = ("title", "brand", "category", "type")
# Words by which shops sort their articles for themselves.
_SORTS = (
    "simple variable variation configurable grouped external virtual downloadable bundle hardgood software "
    "blacktie physical digital service product products item goods p d"
)
_KINDS_OF_ARTICLE = frozenset(_SORTS.split())
_OF_METAFIELDS = re.compile(r" *\((?:product|variant)\.metafields\.(.*)\)$")
_RATING = re.compile(r"(\d+(?:[.,]\d+)?)\s*(?:(?:/|out of|von)\s*5.*|stars?)?", re.IGNORECASE)
_FEW = 20  # rows; a title may be a number in fewer
_OPTION_NAMES = (
    "color colour size material style pattern flavor flavour scent finish fit length width variant capacity storage "
    "farbe größe couleur taille talla colore taglia kleur maat"
)
OPTIONS = frozenset(_OPTION_NAMES.split())
_PICTURES = "imghigh imagelarge mainimage mainimageurl picture photo img img500x500 thumbnail imglow"
_FACETS = "gender agegroup condition model modelnumber energyefficiencyclass sizetype sizesystem materials"
_PREFIXES = (
    "attr_t_", "attr_n_", "attr_b_", "attr_", "attribute_", "attributes.", "specs.", "specifications.", "spec_"
)  # fmt: skip
# Names of Shopify's, Google's and other shops' own bookkeeping; nothing that a shopper would ask for.
_BOOKKEEPING = re.compile(
    r"variant(grams|inventory\w*|fulfillment\w*|requiresshipping|taxable|taxcode|barcode|weightunit|compareatprice)"
    r"|seo\w+|googleshopping(?!gender$|agegroup$)\w*|giftcard|published\w*|status|costperitem|imageposition|imagealttext"
    r"|included\w*|inventory\w*|continueselling\w*|weightunit\w*|fulfillmentservice|requiresshipping|chargetax"
    r"|visibility\w*|backorders\w*|attribute\d+\w*|meta\w*|parent\w*|pid|option\d(name|value|linkedto)|videos?"
    r"|review\w+|aggregaterating\w*|offers\w+|seller\w*|store\w*|is[a-z]+|listinghas\w+|target\w+|boughttogether"
    r"|\w*pricerange|saleprice\w+|\w*timestamp|complementaryproducts|relatedproducts|searchproductboosts"
    r"|price(?!$)\w+|compareatprice\w*|createdat|updatedat|dateadded|datereleased|crawl\w*|scraped\w*|popularity|rank"
    r"|position|index|shipping\w*|tax\w*|costofgoodssold|customlabel\d|identifierexists|adsredirect|unnamed\d*|context"
    r"|sellername|seller\w*|returnpolicy\w*|enablesearch|enablecheckout|templatesuffix|weight|netquantity"
)
_BEFORE = "as when the shop was made"
_BULLET = re.compile(r"(bulletpoint|feature|highlight)\d+")
_HIGHEST_LEVEL = re.compile(r"hierarchicalcategorieslvl(\d+)|categor(?:y|ies)(?:level|lvl)?(\d+)")
_OPTION_NAME = re.compile(r"(option|attribute|variation)(\d{1,2})name")
_NUMBERED_PICTURE = re.compile(
    r"(?:product|other|additional|main)?(?:image|picture|photo)(?:file|url|link|src)?\d{1,2}"
)
_SOME_PRICE = re.compile(r"(?!cost|compare)\w*price")


def recognise(columns: Mapping[str, Column], rows: int, known: FeedMapping | None = None) -> FeedMapping:
    """What each field of a feed is, and why.

    Args:
        columns: the feed's fields.
        rows: how many there are.
        known: what the fields of an earlier feed of the same shop were; those that it left aside stay so.

    Raises:
        CatalogError: no field can be a title (or, with ``known``, an id); the message names those that there are.
    """
    unused = set(known.ignored) if known is not None else ()
    mapping = _Recogniser({name: columns[name] for name in columns if name not in unused}, rows).mapping(known)
    return replace(mapping, ignored=tuple(name for name in columns if name not in mapping.why))


class _Recogniser:
    def __init__(self, columns: Mapping[str, Column], rows: int) -> None:
        self.columns, self.rows = columns, rows
        self.named: dict[str, list[str]] = {}
        for name in columns:
            if self._is_bare(name):
                self.named.setdefault(plain_name(_OF_METAFIELDS.sub("", name)), []).append(name)
            if name.rpartition(".")[2] == "@id":
                self.named.setdefault("@id", []).append(name)
            if "@" in name or ")" in name:
                continue
            last = plain_name(name.rpartition(".")[2])
            if "." in name and last != plain_name(name):  # product.title; the whole name goes first
                self.named.setdefault(last, []).append(name)
        self.fields: dict[str, tuple[str, ...]] = {}
        self.options: dict[str, str] = {}
        self.features: dict[str, str] = {}
        self.why: dict[str, str] = {}

    def mapping(self, known: FeedMapping | None) -> FeedMapping:
        if known is not None:
            self._as_before(known)
        self._options_by_number()
        for target, names in NAMES.items():
            if target not in self.fields:
                self._by_name(target, names)
        if "image" not in self.fields:  # of one picture in several sizes, one
            self._by_name("image", _PICTURES.split(), several=False)
        if known is None:
            self._title()
            self._some_price()
        self._settle_ids()
        if known is not None and not {"id", "group"} & self.fields.keys():
            raise CatalogError(f"no field is an id. The fields are: {', '.join(list(self.columns)[:30])[:600]}.")
        self._levels()
        self._by_pattern()
        self._facets()
        cents = any(plain_name(name).endswith("cents") for name in self.fields.get("price", ()))
        prices = known.prices if known is not None else PriceSettings(minor_units=True if cents else None)
        return FeedMapping(self.fields, self.options, self.features, prices, why=self.why)

    def _as_before(self, known: FeedMapping) -> None:
        """Take the fields for what they were."""
        for target, names in known.fields.items():
            for name in names:
                starred = [each for each in self.columns if name.endswith("*") and each.startswith(name[:-1])]
                if name in self.columns or starred:
                    self._take(target, [name], _BEFORE)  # type: ignore[arg-type]
                    self.why.update(dict.fromkeys(starred, _BEFORE))
        for kept, table in ((self.options, known.options), (self.features, known.features)):
            for name, column in table.items():
                if column in self.columns:
                    kept[name], self.why[column] = column, _BEFORE
                    if is_braced(name):
                        self.why[name[1:-1]] = _BEFORE

    def _take(self, target: Target, names: Sequence[str], why: str) -> None:
        new = tuple(name for name in names if name not in self.why)
        if new:
            self.fields[target] = (*self.fields.get(target, ()), *new)
            self.why.update(dict.fromkeys(new, why))

    def _by_name(self, target: Target, names: Sequence[str], several: bool | None = None) -> None:
        found = [(plain, name) for plain in names for name in self.named.get(plain, ())]
        if target == "brand" and "parentasin" in self.named:  # Amazon's store is whose product it is
            found += [("store", name) for name in self.named.get("store", ())]
        if target in _TEXTS:
            found = [(plain, name) for plain, name in found if self._is_text(name, target)]
        if target == "category":  # Google's own numbers say nothing to a shopper
            found = [(plain, name) for plain, name in found if not self._all_numbers(name)]
        if target in ("category", "type"):
            found = [(plain, name) for plain, name in found if not self._sorts(name)]
        if target in ("rating", "rating_count"):
            found = [(plain, name) for plain, name in found if self._rates(name, target)]
        if target in ("options", "variants"):
            found = [(plain, name) for plain, name in found if self.columns[name].lists]
        several = target in _SEVERAL if several is None else several
        best = found if several else self._best(found)
        if best and not several:
            further = self._elsewhere if target in _ONE else self._further
            best = [*best, *further(found, best[0][1])]
        for _, name in best:
            self._take(target, [name], f"named like {'an' if target[0] in 'aeio' else 'a'} {target.replace('_', ' ')}")

    def _best(self, found: Sequence[tuple[str, str]]) -> Sequence[tuple[str, str]]:
        """The first of several fields, unless hardly a row holds it where another is full."""
        free = [pair for pair in found if pair[1] not in self.why]
        most = max((self.columns[name].rows for _, name in free), default=0)
        return [pair for pair in free if 2 * self.columns[pair[1]].rows >= most][:1]

    def _further(self, found: Sequence[tuple[str, str]], best: str) -> Sequence[tuple[str, str]]:
        """Fields that stand in where the best one is empty."""
        if self.columns[best].rows >= self.rows:
            return []
        return [pair for pair in found if pair[1] != best and not pair[0].endswith("cents") and pair[0] != "type"]

    def _elsewhere(self, found: Sequence[tuple[str, str]], best: str) -> Sequence[tuple[str, str]]:
        """Fields that are in other files what the best one is in its own; the first of each."""
        seen, further = set(self.columns[best].sources), []
        for pair in found:
            if seen.isdisjoint(self.columns[pair[1]].sources):
                seen |= self.columns[pair[1]].sources
                further.append(pair)
        return further

    def _is_bare(self, name: str) -> bool:
        """Whether it may be more than a feature: no name of JSON-LD's own, no field that a shop added itself."""
        own = _OF_METAFIELDS.search(name)
        return not name.rpartition(".")[2].startswith("@") and (own is None or "reviews.rating" in own[1])

    def _is_text(self, name: str, target: Target) -> bool:
        """Whether it says something in words: no address, date or flag, and no article's kind."""
        column = self.columns[name]
        if max(map(column.share, (column.urls, column.flags, column.dates))) > 0.5:
            return False
        if target == "title":
            return column.looked < _FEW or not self._all_numbers(name)
        return not self._all_numbers(name)

    def _rates(self, name: str, target: Target) -> bool:
        """Whether some of it are ratings, from 0 to 5, or counts of them."""
        if target == "rating_count":
            return self._all_numbers(name)
        found = [float(match[1].replace(",", ".")) for value in self.columns[name].distinct
                 if (match := _RATING.fullmatch(value))]  # fmt: skip
        return bool(found) and max(found) <= 5

    def _sorts(self, name: str) -> bool:
        """Whether it sorts articles for their shop alone, and is no type that a shopper knows."""
        kinds = [value.casefold() in _KINDS_OF_ARTICLE for value in self.columns[name].distinct]
        return any(kinds) if plain_name(name) == "type" else all(kinds)

    def _some_price(self) -> None:
        """Where no field is named like a price, the one whose name ends so."""
        found = [name for name, column in self.columns.items() if name not in self.why
                 and _SOME_PRICE.fullmatch(plain_name(name)) and column.share(column.numbers) > 0.9]  # fmt: skip
        if len(found) == 1 and not {"price", "sale_price", "variants"} & self.fields.keys():
            self._take("price", found, "the only field whose name ends in price")

    def _all_numbers(self, name: str) -> bool:
        column = self.columns[name]
        return column.share(column.numbers) > 0.9

    def _title(self) -> None:
        if "title" not in self.fields:
            found = ", ".join(list(self.columns)[:30])
            close = [
                c for c in list(self.columns)[:200] if get_close_matches(plain_name(c), NAMES["title"], n=1, cutoff=0.7)
            ]
            meant = f" Is it {close[0]!r}?" if close else ""
            raise CatalogError(
                f"no field is named like a title (title, name, product_name).{meant} The fields are: {found[:600]}. "
                'Name it in a mapping file: [fields] title = "...", and give that with --map.'
            )
        for name in self.named.get("name", ()):  # a short name beside a title: the model
            if name not in self.why and name != self.fields["title"][0] and "." not in name:
                self.features["model"] = name
                self.why[name] = "a name beside the title"

    def _settle_ids(self) -> None:
        """A handle groups variants only where rows have something of their own."""
        group = self.fields.get("group", ())
        sku = self.named.get("sku")  # what WooCommerce's rows name their parents by
        if sku and group and plain_name(group[0]).startswith("parent") and "id" in self.fields:
            self._take("id", sku, self.why[self.fields["id"][0]])
            self.fields["id"] = tuple(sorted(self.fields["id"], key=lambda name: name not in sku))
        own = {"variantsku", "option1value", "variantprice", "option1name"} & self.named.keys()
        if group and plain_name(group[0]) in ("handle", "urlhandle") and not own and "id" not in self.fields:
            self.fields["id"] = self.fields.pop("group")
            self.why[group[0]] = "named like an id"
        elif group and plain_name(group[0]) in ("handle", "urlhandle") and "variants" in self.fields:
            del self.fields["group"]  # every row is a product already
            del self.why[group[0]]

    def _levels(self) -> None:
        """Of category levels that each repeat the path, the deepest goes first."""
        levels = []
        for plain, names in self.named.items():
            match = _HIGHEST_LEVEL.fullmatch(plain)
            if match:
                levels.append((-int(match[1] or match[2]), names[0]))
        if levels and "category" not in self.fields:
            self._take("category", [name for _, name in sorted(levels)], "a level of a category")

    def _options_by_number(self) -> None:
        for plain, names in self.named.items():
            match = _OPTION_NAME.fullmatch(plain)
            stem = f"{match[1]}{match[2]}value" if match else ""
            values = self.named.get(stem) or self.named.get(f"{stem}s") or () if match else ()
            if values:
                self.options[f"{{{names[0]}}}"] = values[0]
                self.why[names[0]], self.why[values[0]] = "names an option", f"the value of {names[0]}"

    def _by_pattern(self) -> None:
        for prefix in _PREFIXES:
            found = [name for name in self.columns if name.startswith(prefix) and name not in self.why]
            if found:
                self._take("features", [f"{prefix}*"], "the fields of features begin so")
                self.why.update(dict.fromkeys(found, f"begins with {prefix}"))
        for name, column in self.columns.items():
            plain = plain_name(name)
            if name in self.why:
                continue
            if _BULLET.fullmatch(plain):
                self._take("bullets", [name], "named like a bullet point")
            elif _NUMBERED_PICTURE.fullmatch(plain) and column.share(column.urls) > 0.5:
                self._take("image", [name], "named like an image")
            elif (stem := plain.removesuffix("name")) in OPTIONS and column.share(column.urls) < 0.1:
                option = name.removeprefix("g:").strip().lower() if stem == plain else stem
                if option in self.options:
                    continue
                self.options[option] = name
                self.why[name] = "named like an option"

    def _facets(self) -> None:
        for name, column in self.columns.items():
            plain = plain_name(name)
            if name in self.why or _BOOKKEEPING.fullmatch(plain) or plain in _ALL_NAMES or name.startswith("@"):
                continue
            if any(part.startswith("@") for part in name.split(".")):
                continue
            own = _OF_METAFIELDS.sub("", name).removeprefix("g:").removeprefix("Google Shopping / ")
            plain = plain_name(own)
            if _BOOKKEEPING.fullmatch(plain):
                continue
            feature = " ".join(re.sub(r"[_.\s]+", " ", own).split()).lower()
            feature = name if feature in self.features else feature
            if plain in _FACETS.split() or column.is_facet:
                self.features[feature] = name
                self.why[name] = "named like a feature" if plain in _FACETS.split() else "short values that repeat"


_ALL_NAMES = frozenset(name for names in NAMES.values() for name in names)


def check_mapping(mapping: FeedMapping, columns: Mapping[str, Column], path: str) -> None:
    """Check that a feed has the fields that a mapping file names.

    Raises:
        CatalogError: it has not; the message names the field.
    """
    for name in mapping.used:
        known = any(each.startswith(name[:-1]) for each in columns) if name.endswith("*") else name in columns
        if not known:
            close = get_close_matches(name, list(columns), n=1)
            meant = f" Did you mean {close[0]!r}?" if close else ""
            raise CatalogError(
                f"{path}: the feed has no field {name[:60]!r}.{meant} It has: {', '.join(list(columns)[:30])[:600]}."
            )
    if not mapping.of("title"):
        raise CatalogError(f'{path}: [fields] names no title. Add: title = "...". Targets: {", ".join(TARGETS)}.')
