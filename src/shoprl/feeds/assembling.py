"""Makes one product of the rows that describe it: variants become options, the other facets attributes and bullets."""

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain

from shoprl.catalog.ids import BUTTONS
from shoprl.catalog.money import price_tag
from shoprl.catalog.product import Product, Variant
from shoprl.catalog.webshop import MAX_OPTIONS
from shoprl.feeds.drafts import Draft, Form
from shoprl.feeds.values import RowError

MAX_VARIANTS = 10_000  # of a product
MAX_ATTRIBUTES = 30  # of a product
_MAX_ATTRIBUTE = 40  # characters
_MAX_KINDS = 20  # sets of options that the variants of one product have
_MAX_NAME = 200  # characters of what a variant is called
_TYPES = ("product type", "type", "category")  # features that name a product's type where it has no category
_YES, _NO = ("yes", "true", "y"), ("no", "false", "n", "none", "n/a", "-", "not applicable", "unknown")
_MEASURE = re.compile(r"[\d.,/x×\s\-+]+\s*\S{0,6}")  # says too little without what is measured
_BRACKETS = str.maketrans("[]", "()")
DEFAULT_CURRENCY = "USD"


def assemble(drafts: Sequence[Draft], asin: str, currency: str = DEFAULT_CURRENCY) -> Product:
    """The product that rows describe.

    Args:
        drafts: what each row says, at least one.
        asin: its identifier, in a form that actions can name.
        currency: of prices that name none.

    Raises:
        RowError: no row has a title, or there are too many option values.
    """
    base = _base(drafts)
    forms = _forms(base, drafts)
    options, constant = _options(base, forms)
    if sum(map(len, options.values())) > MAX_OPTIONS:
        raise RowError("too many options", f"more than {MAX_OPTIONS} option values")
    tidy = _tidy_options(options)
    features = tuple(dict.fromkeys((*constant, *chain.from_iterable(draft.features for draft in drafts))))
    amounts = [amount for form in forms for amount in form.price.amounts] or [
        amount for draft in drafts for amount in draft.price.amounts
    ]
    named = [form.price.currency for form in forms] + [draft.price.currency for draft in drafts]
    code = next(filter(None, named), currency)
    category = next((draft.category for draft in drafts if draft.category), ())
    images = tuple(dict.fromkeys(chain.from_iterable(draft.images for draft in drafts)))
    ratings = [draft for draft in drafts if draft.rating is not None]
    return Product(
        asin=asin,
        title=base.title,
        description=next((draft.description for draft in drafts if draft.description), ""),
        bullets=tuple(dict.fromkeys((*_bullets(drafts), *filter(None, map(_bullet, features))))),
        category=category[0].lower() if category else "",
        query=_kind(drafts, category, features),
        product_category=" › ".join(category),
        price=min(amounts, default=None),
        price_tag=price_tag(amounts, code),
        options={name: tuple(dict.fromkeys(values.values())) for name, values in tidy.items()},
        attributes=_attributes(drafts, base.brand, features),
        image=images[0] if images else "",
        brand=next((draft.brand for draft in drafts if draft.brand), ""),
        currency=code,
        availability=_availability(drafts, forms),
        rating=ratings[0].rating if ratings else None,
        rating_count=next((draft.rating_count for draft in drafts if draft.rating_count is not None), None),
        url=next((draft.url for draft in drafts if draft.url), ""),
        images=images[1:],
        variants=tuple(_variant(form, tidy) for form in forms),
    )


def _base(drafts: Sequence[Draft]) -> Draft:
    """The row that describes the product: the one that lists its options' values, else the first with a title."""
    titled = [draft for draft in drafts if draft.title]
    if not titled:
        raise RowError("no title", "no row of this product has a title")
    return next((draft for draft in titled if _is_parent(draft)), titled[0]) if len(drafts) > 1 else titled[0]


def _is_parent(draft: Draft) -> bool:
    """Whether a row among several is the product itself and no variant."""
    listed = any(len(values) > 1 for values in draft.options.values())
    return not draft.price.amounts and (listed or not draft.options)


def _forms(base: Draft, drafts: Sequence[Draft]) -> list[Form]:
    """The variants: those that a row lists, or the rows themselves where there are several."""
    if base.forms:
        forms = [form._replace(options=_shown_options(form.options)) for form in base.forms]
    else:
        rows = [draft for draft in drafts if draft.id or draft.options or draft.price.amounts]
        own = [draft for draft in rows if not _is_parent(draft)]
        forms = [_form(draft) for draft in (own or rows)]
        if len(forms) == 1 and len(drafts) == 1 and drafts[0].id in ("", drafts[0].group or drafts[0].id):
            return []  # the product itself
    if len(forms) < 2:
        return [form._replace(options={}) for form in forms]
    if len(forms) > MAX_VARIANTS:
        raise RowError("too many variants", f"{len(forms)} variants; {MAX_VARIANTS} are read")
    return _told_apart(forms)


def _form(draft: Draft) -> Form:
    options = _shown_options({name: " | ".join(values) for name, values in draft.options.items()})
    return Form(draft.id, draft.title, options, draft.price, draft.availability, draft.own_image)


def shown(text: str) -> str:
    """An option's name or value as pages and actions write it."""
    return " ".join(text.replace("/", " | ").translate(_BRACKETS).lower().split())


def _shown_options(options: Mapping[str, str]) -> dict[str, str]:
    return {shown(name): text for name, value in options.items() if (text := shown(value))}


def _told_apart(forms: Sequence[Form]) -> list[Form]:
    """Variants that choosing options tells apart: where theirs do not, what else they are called becomes one."""
    if _differ(forms):
        return list(forms)
    names = [form.title for form in forms], [form.id for form in forms]
    each = next((found for found in names if all(found) and len(set(map(_cut, found))) == len(forms)), None)
    each = each or [f"{number}" for number in range(1, len(forms) + 1)]
    pairs = zip(forms, each, strict=True)
    return [form._replace(options={**form.options, "variant": _cut(name)}) for form, name in pairs]


def _cut(name: str) -> str:
    return shown(name)[:_MAX_NAME]


def _differ(forms: Sequence[Form]) -> bool:
    """Whether no variant's options are all among another's; choosing them would leave both."""
    if len({tuple(sorted(form.options.items())) for form in forms}) < len(forms):
        return False
    kinds = {frozenset(form.options) for form in forms}
    for names in kinds if 1 < len(kinds) <= _MAX_KINDS else ():
        whole = {tuple(sorted(form.options.items())) for form in forms if form.options.keys() == names}
        for form in forms:
            if form.options.keys() > names and tuple(sorted((n, form.options[n]) for n in names)) in whole:
                return False
    return len(kinds) <= _MAX_KINDS


def _options(base: Draft, forms: Sequence[Form]) -> tuple[dict[str, tuple[str, ...]], tuple[tuple[str, str], ...]]:
    """Option name -> values, and facets with one value alone, as features."""
    listed: dict[str, dict[str, None]] = {}
    single: dict[str, str] = {}
    if len(forms) > 1:
        for form in forms:
            for name, value in form.options.items():
                listed.setdefault(name, {})[value] = None
        counted = {name: sum(name in form.options for form in forms) for name in listed}
        written = {shown(name): values[0] for name, values in base.options.items()}
        single = {name: written.get(name, next(iter(values))) for name, values in listed.items()
                  if len(values) == 1 and counted[name] == len(forms)}  # fmt: skip
    else:
        for name, values in base.options.items():
            if len(values) == 1:
                single[name] = values[0]
            else:
                listed[shown(name)] = dict.fromkeys(filter(None, map(shown, values)))
    options = {name: tuple(values) for name, values in listed.items() if name not in single}
    return options, tuple(single.items())


def _tidy_options(options: Mapping[str, Sequence[str]]) -> dict[str, dict[str, str]]:
    """Option name -> value -> the form of it that actions can name, different from each other and from buttons."""
    taken = set(BUTTONS)
    tidy: dict[str, dict[str, str]] = {}
    for name, values in options.items():
        own: dict[str, str] = {}
        for value in values:
            text, number = value, 1
            while text in taken:  # buttons, values of other options, and what those became
                text, number = f"{value} ({name})" if number == 1 else f"{value} ({name} {number})", number + 1
            own[value] = text
            taken.add(text)
        tidy[name] = own
    return tidy


def _variant(form: Form, tidy: Mapping[str, Mapping[str, str]]) -> Variant:
    options = {name: tidy[name][value] for name, value in form.options.items() if name in tidy}
    amounts = form.price.amounts
    return Variant(form.id, options, amounts[0] if amounts else None, form.availability, form.image)


def _kind(drafts: Sequence[Draft], category: Sequence[str], features: Sequence[tuple[str, str]]) -> str:
    named = next((draft.kind for draft in drafts if draft.kind), "") or (category[-1] if category else "")
    if not named:
        known = dict(reversed(features))
        named = next((known[name] for name in _TYPES if name in known), "")
    return named.lower()


def _bullets(drafts: Sequence[Draft]) -> Iterator[str]:
    return chain.from_iterable(draft.bullets for draft in drafts)


def _bullet(feature: tuple[str, str]) -> str:
    """A feature as a bullet point; none for what the product has not, which a search for it would find."""
    name, value = feature
    if value.lower() in _NO:
        return ""
    return name if value.lower() in _YES else f"{name}: {value}"


def _attributes(drafts: Sequence[Draft], brand: str, features: Sequence[tuple[str, str]]) -> tuple[str, ...]:
    found = [tag for draft in drafts for tag in draft.attributes]
    found += [attribute for name, value in features if (attribute := attribute_of(name, value))]
    return tuple(each for each in dict.fromkeys(found) if each != brand.lower())[:MAX_ATTRIBUTES]


def attribute_of(name: str, value: str) -> str:
    """What a shopper would call a feature: its value, or its name where it has it or not; empty for measures."""
    value = value.lower()
    if value in _YES:
        return name if len(name) <= _MAX_ATTRIBUTE else ""
    if value in _NO or len(value) > _MAX_ATTRIBUTE or len(value) < 2 or _MEASURE.fullmatch(value):
        return ""
    return value if any(char.isalpha() for char in value) else ""


def _availability(drafts: Sequence[Draft], forms: Sequence[Form]) -> str:
    words = [form.availability for form in forms if form.availability] or [
        draft.availability for draft in drafts if draft.availability
    ]
    return "in stock" if "in stock" in words else next(iter(words), "")
