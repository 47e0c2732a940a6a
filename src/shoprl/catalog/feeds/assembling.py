"""Makes one product of the rows that describe it: variants become options, the other facets attributes and bullets."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain

from shoprl.catalog.feeds.drafts import Draft, Form
from shoprl.catalog.feeds.values import RowError
from shoprl.catalog.ids import BUTTONS
from shoprl.catalog.money import price_tag
from shoprl.catalog.product import Product, Variant
from shoprl.catalog.webshop import MAX_OPTIONS

MAX_ATTRIBUTES = 30  # of a product
_MAX_ATTRIBUTE = 40  # characters
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
    base = next((draft for draft in drafts if draft.title), None)
    if base is None:
        raise RowError("no title", "no row of this product has a title")
    forms = _forms(base, drafts)
    options, constant = _options(base, forms)
    if sum(map(len, options.values())) > MAX_OPTIONS:
        raise RowError("too many options", f"more than {MAX_OPTIONS} option values")
    tidy = tidy_options(options)
    features = tuple(dict.fromkeys((*constant, *chain.from_iterable(draft.features for draft in drafts))))
    amounts = [amount for form in forms for amount in form.price.amounts] or list(base.price.amounts)
    named = [form.price.currency for form in forms] + [draft.price.currency for draft in drafts]
    code = next(filter(None, named), currency)
    category = next((draft.category for draft in drafts if draft.category), ())
    images = tuple(dict.fromkeys(chain.from_iterable(draft.images for draft in drafts)))
    ratings = [draft for draft in drafts if draft.rating is not None]
    return Product(
        asin=asin,
        title=base.title,
        description=next((draft.description for draft in drafts if draft.description), ""),
        bullets=tuple(dict.fromkeys((*_bullets(drafts), *map(_bullet, features)))),
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


def _forms(base: Draft, drafts: Sequence[Draft]) -> list[Form]:
    """The variants: those that a row lists, or the rows themselves where there are several."""
    if base.forms:
        forms = list(base.forms)
    else:
        rows = [draft for draft in drafts if draft.id or draft.options or draft.price.amounts]
        forms = [_form(draft) for draft in rows] if len(rows) > 1 else []
    if len(forms) < 2:
        return [replace(form, options={}) for form in forms[:1]] if base.forms else []
    return _told_apart(forms)


def _form(draft: Draft) -> Form:
    options = {name: " | ".join(values) for name, values in draft.options.items()}
    image = draft.images[0] if draft.images else ""
    return Form(draft.id, draft.title, options, draft.price, draft.availability, image)


def _told_apart(forms: Sequence[Form]) -> list[Form]:
    """Variants that differ in an option: where theirs are equal, what else they are called becomes one."""
    if len({tuple(sorted(form.options.items())) for form in forms}) == len(forms):
        return list(forms)
    for names in ([form.title for form in forms], [form.id for form in forms]):
        if len(set(names)) == len(forms) and all(names):
            break
    else:
        names = [f"{number}" for number in range(1, len(forms) + 1)]
    pairs = zip(forms, names, strict=True)
    return [replace(form, options={**form.options, "variant": name}) for form, name in pairs]


def _options(base: Draft, forms: Sequence[Form]) -> tuple[dict[str, tuple[str, ...]], tuple[tuple[str, str], ...]]:
    """Option name -> values, and facets with one value alone, as features."""
    listed: dict[str, dict[str, None]] = {}
    if len(forms) > 1:
        for form in forms:
            for name, value in form.options.items():
                listed.setdefault(name, {})[value] = None
        counted = {name: sum(name in form.options for form in forms) for name in listed}
        single = [name for name, values in listed.items() if len(values) == 1 and counted[name] == len(forms)]
    else:
        listed = {name: dict.fromkeys(values) for name, values in base.options.items()}
        single = [name for name, values in listed.items() if len(values) == 1]
    constant = tuple((name, next(iter(listed[name]))) for name in single)
    return {name: tuple(values) for name, values in listed.items() if name not in single}, constant


def tidy_options(options: Mapping[str, Sequence[str]]) -> dict[str, dict[str, str]]:
    """Option name -> value -> the form of it that actions can name, different from each other and from buttons."""
    taken = set(BUTTONS)
    tidy: dict[str, dict[str, str]] = {}
    for name, values in options.items():
        own: dict[str, str] = {}
        for value in values:
            shown = " ".join(value.replace("/", " | ").translate(_BRACKETS).lower().split())
            if shown in taken and shown not in own.values():
                shown = f"{shown} ({name.translate(_BRACKETS).lower()})"
            own[value] = shown
        tidy[" ".join(name.lower().split())] = own
        taken.update(own.values())
    return tidy


def _variant(form: Form, tidy: Mapping[str, Mapping[str, str]]) -> Variant:
    names = {name: " ".join(name.lower().split()) for name in form.options}
    options = {names[n]: tidy[names[n]][value] for n, value in form.options.items() if names[n] in tidy}
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
    return f"{feature[0]}: {feature[1]}"


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
