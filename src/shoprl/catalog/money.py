"""Amounts of money as pages show them."""

from collections.abc import Collection, Mapping

# Signs that stand before the amount; any other currency is shown by its code. Decimals: two, but where listed.
SIGNS: Mapping[str, str] = {
    "USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥", "INR": "₹", "KRW": "₩", "CAD": "CA$", "AUD": "A$", "NZD": "NZ$",
    "MXN": "MX$", "BRL": "R$", "HKD": "HK$", "SGD": "S$", "TRY": "₺", "PLN": "zł", "VND": "₫", "ILS": "₪", "PHP": "₱",
    "UAH": "₴", "NGN": "₦", "CNY": "CN¥", "THB": "฿", "KZT": "₸", "GEL": "₾",
}  # fmt: skip
_WHOLE, _THOUSANDTHS = "JPY KRW VND CLP ISK UGX XAF XOF XPF PYG", "BHD JOD KWD OMR TND"
DECIMALS: Mapping[str, int] = dict.fromkeys(_WHOLE.split(), 0) | dict.fromkeys(_THOUSANDTHS.split(), 3)
# What people call them; any other currency by its code.
_NAMES: Mapping[str, str] = {
    "USD": "dollars", "EUR": "euros", "GBP": "pounds", "JPY": "yen", "INR": "rupees", "KRW": "won", "CHF": "francs",
    "CAD": "canadian dollars", "AUD": "australian dollars", "NZD": "new zealand dollars", "MXN": "pesos",
    "BRL": "reais", "HKD": "hong kong dollars", "SGD": "singapore dollars", "TRY": "lira", "PLN": "zloty",
    "SEK": "kronor", "NOK": "kroner", "DKK": "kroner", "CZK": "koruna", "HUF": "forint", "ILS": "shekels",
    "UAH": "hryvnia", "NGN": "naira", "CNY": "yuan", "THB": "baht", "ZAR": "rand", "RUB": "rubles",
}  # fmt: skip


def currency_name(currency: str) -> str:
    """What people call a currency: ``dollars``, ``euros``; its code where that is not known."""
    return _NAMES.get(currency, currency)


def digits(value: float, currency: str) -> str:
    """An amount without its currency, with as many decimals as that has."""
    return f"{value:.{DECIMALS.get(currency, 2)}f}"


def amount(value: float, currency: str) -> str:
    """An amount with its currency: ``$19.99``, ``¥1200``, ``CHF 5.00``."""
    shown = digits(value, currency)
    return f"{SIGNS[currency]}{shown}" if currency in SIGNS else f"{currency} {shown}"


def price_tag(prices: Collection[float], currency: str) -> str:
    """One price or a range of them as pages show it; empty where there is none."""
    if not prices:
        return ""
    low, high = min(prices), max(prices)
    return amount(low, currency) if low == high else f"{amount(low, currency)} to {amount(high, currency)}"
